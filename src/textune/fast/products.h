// Products of matrices, summed in fp32 in an order of their own: the same bits whatever the threads, and
// for a row whatever rows are beside it. In bf16 oneDNN compiles a product anew for each number of rows
// that it has not met, which takes milliseconds, and packed batches have another number of tokens each
// time; in fp32 MKL sums another way for other rows and threads where it has no strict mode.
//
// A step multiplies 32 rows by 32 columns, as two by two tiles, over 32 places of the sum.

#define SIDE 32               // rows and columns of a block
#define TILE (SIDE * SIDE / 2)  // numbers of a tile: 16 rows of 32, or 16 pairs of rows of 16
#define STEPS (HALF ? 12 : 6)  // of a sum at once, so that what is read again lies near
#define GROUP 4               // blocks of columns at once
#define CHUNK 512             // tokens of a sum over tokens at once

INLINE long least(long one, long other) { return one < other ? one : other; }
INLINE long parts_of(long whole, long part) { return (whole + part - 1) / part; }

#if defined(__linux__) && (HALF ? defined(__AVX512BF16__) : defined(__AVX512F__))
#include <immintrin.h>
#include <omp.h>

#if HALF
#include "products_bf16.h"
#else
#include "products_f32.h"
#endif

// out (P, N), or onto it = rows (P, K) times a matrix (N, K) by its rows, or (K, N) by its columns.
// N and K are multiples of 32. Each thread lays columns of its own in memory of its own, of `room`
// numbers, at least 32 * K; behind that of all is room for 32 * K.
void FN(multiply_rows)(const REAL *rows, const REAL *matrix, REAL *laid, long room, REAL *out, long P,
                   long K, long N, int by_columns, int onto, int threads) {
  long all = N / SIDE, blocks = parts_of(P, SIDE), steps = K / SIDE, tail = P % SIDE;
  long parts = least(all, threads * parts_of(all, threads * (room / (SIDE * K))));
  long splits = least(blocks, parts_of(threads, parts));
  REAL *last = laid + threads * room;  // the last rows, and zeros below them
  memcpy(last, rows + (P - tail) * K, tail * K * sizeof(REAL));
  memset(last + tail * K, 0, (SIDE - tail) * K * sizeof(REAL));
#pragma omp parallel num_threads(threads)
  {
    REAL *mine = laid + omp_get_thread_num() * room;
    float sums[GROUP][SIDE * SIDE] __attribute__((aligned(64)));
    Shapes before;
    take_tiles(&before);
#pragma omp for schedule(dynamic)
    for (long task = 0; task < parts * splits; task++) {
      long part = task / splits, split = task % splits;
      long start = all * part / parts, stop = all * (part + 1) / parts;
      for (long at = start; at < stop; at++)
        if (by_columns)
          lay_by_columns(matrix + at * SIDE, N, K, mine + (at - start) * SIDE * K);
        else
          lay_by_rows(matrix + at * SIDE * K, K, mine + (at - start) * SIDE * K);
      for (long b = blocks * split / splits; b < blocks * (split + 1) / splits; b++) {
        const REAL *from = tail && b == blocks - 1 ? last : rows + b * SIDE * K;
        long tall = least(SIDE, P - b * SIDE);
        for (long first = start; first < stop; first += GROUP) {
          long many = least(GROUP, stop - first);
          for (long step = 0; step < steps; step += STEPS)
            for (long i = 0; i < many; i++) {
              const REAL *here = from + step * SIDE;
              const REAL *columns = mine + (first - start + i) * SIDE * K + step * 2 * TILE;
              multiply(here, here + LANES * K, K, SIDE, columns, least(STEPS, steps - step),
                       sums[i], SIDE, step > 0, tall);
            }
          for (long i = 0; i < many; i++)
            put_block(sums[i], out + b * SIDE * N + (first + i) * SIDE, N, tall, onto);
        }
      }
    }
    give_tiles_back(&before);
  }
}

// out (N, K), or onto it = the sum over tokens of grad (P, N), turned, times states (P, K).
// N and K are multiples of 32; laid: room for CHUNK * (the lesser of both + 32) for each thread;
// sums: for N * K where P > CHUNK. Each thread has blocks of the longer side of its own.
void FN(multiply_over_tokens)(const REAL *grad, const REAL *states, REAL *laid, float *sums, REAL *out,
                          long P, long N, long K, int onto, int threads) {
  int is_tall = N >= K;
  long across = (is_tall ? K : N) / SIDE, along = (is_tall ? N : K) / SIDE;
#pragma omp parallel num_threads(threads)
  {
    REAL *all = laid + omp_get_thread_num() * CHUNK * SIDE * (across + 1);
    REAL *one = all + CHUNK * SIDE * across;
    float block[SIDE * SIDE] __attribute__((aligned(64)));
    Shapes before;
    take_tiles(&before);
    for (long begin = 0; begin < P; begin += CHUNK) {
      long length = least(CHUNK, P - begin), steps = parts_of(length, SIDE);
      for (long at = 0; at < across; at++)
        if (is_tall)
          lay_by_columns(states + begin * K + at * SIDE, K, length, all + at * SIDE * CHUNK);
        else
          lay_turned(grad + begin * N + at * SIDE, N, length, all + at * SIDE * CHUNK);
#pragma omp for schedule(static) nowait
      for (long own = 0; own < along; own++) {
        if (is_tall)
          lay_turned(grad + begin * N + own * SIDE, N, length, one);
        else
          lay_by_columns(states + begin * K + own * SIDE, K, length, one);
        for (long at = 0; at < across; at++) {
          long band = is_tall ? own : at, column = is_tall ? at : own;
          const REAL *from = is_tall ? one : all + at * SIDE * CHUNK;
          const REAL *columns = is_tall ? all + at * SIDE * CHUNK : one;
          float *here = P > CHUNK ? sums + (own * across + at) * SIDE * SIDE : block;
          multiply(from, from + TILE, SIDE, 2 * TILE, columns, steps, here, SIDE, begin > 0, SIDE);
          if (begin + length == P)
            put_block(here, out + band * SIDE * K + column * SIDE, K, SIDE, onto);
        }
      }
    }
    give_tiles_back(&before);
  }
}
#else
int FN(has_products)(int threads) { return (void)threads, 0; }
#endif
