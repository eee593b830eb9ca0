// Products of matrices, summed in fp32 in an order of their own: the same bits whatever the threads, and
// for a row whatever rows are beside it. In bf16 oneDNN compiles a product anew for each number of rows
// that it has not met, which takes milliseconds, and packed batches have another number of tokens each
// time; in fp32 MKL sums another way for other rows and threads where it has no strict mode.
//
// A step multiplies 32 rows by 32 columns, as two by two tiles, over 32 places of the sum.

#define SIDE 32               // rows and columns of a block
#define TILE (SIDE * SIDE / 2)  // numbers of a tile: 16 rows of 32, or 16 pairs of rows of 16
#define STEPS (HALF ? 12 : 6)  // of a sum at once, so that what is read again lies near
#if HALF && defined(__AMX_BF16__)
#define GROUP 4  // blocks of columns at once
#else
#define GROUP 1  // vectors are slow enough to fetch what is next in their time
#endif
#define CHUNK 512             // tokens of a sum over tokens at once
#define LINE 64               // bytes that memory hands over at once
#define AT_ONCE 8             // lines that are asked for at once

INLINE long least(long one, long other) { return one < other ? one : other; }
INLINE long parts_of(long whole, long part) { return (whole + part - 1) / part; }

#if defined(__linux__) && (HALF ? defined(__AVX512BF16__) : defined(__AVX512F__))
#include <immintrin.h>
#include <omp.h>
#define HAS_PRODUCTS 1

// Lines of memory that are needed soon: asked for little by little, while others are multiplied.
typedef struct {
  const char *at;
  long stride, lines;
} Ahead;

INLINE void fetch(Ahead *ahead) {
  if (ahead->lines <= 0) return;
#pragma GCC unroll 8
  for (int i = 0; i < AT_ONCE; i++) __builtin_prefetch(ahead->at + i * ahead->stride);
  ahead->at += AT_ONCE * ahead->stride;
  ahead->lines -= AT_ONCE;
}

// Ask for a block of a result, which is written soon.
INLINE void fetch_block(const REAL *out, long pitch, long rows) {
  for (long r = 0; r < rows; r++)
    for (long at = 0; at < SIDE; at += LINE / sizeof(REAL))
      __builtin_prefetch(out + r * pitch + at, 1);
}

#if HALF
#include "products_bf16.h"
#else
#include "products_f32.h"
#endif

INLINE void multiply(const REAL *upper, const REAL *lower, long pitch, long next,
                     const REAL *columns, long steps, float *sums, long width, int is_begun,
                     long tall) {
  Ahead none = {0};
  multiply_and_fetch(upper, lower, pitch, next, columns, steps, sums, width, is_begun, tall, &none);
}

// A matrix (N, K) by its rows, or (K, N) by its columns, of which 32 at a time are laid.
typedef struct {
  const REAL *from;
  long N, K;
  int by_columns;
} Matrix;

INLINE const REAL *block_of(Matrix matrix, long block) {
  return matrix.from + block * SIDE * (matrix.by_columns ? 1 : matrix.K);
}

INLINE void lay(Matrix matrix, long block, REAL *to) {
  if (matrix.by_columns)
    lay_by_columns(block_of(matrix, block), matrix.N, matrix.K, to);
  else
    lay_by_rows(block_of(matrix, block), matrix.K, to);
}

// Some steps of a block's memory, which has as many lines either way.
INLINE Ahead steps_of(Matrix matrix, long block, long step, long steps) {
  long stride = matrix.by_columns ? matrix.N * (long)sizeof(REAL) : LINE;
  const char *at = (const char *)block_of(matrix, block) + SIDE * step * stride;
  return (Ahead){at, stride, SIDE * steps};
}

// One of several shares of 32 rows' memory.
INLINE Ahead share_of(const REAL *rows, long K, long share, long shares) {
  long lines = SIDE * K * (long)sizeof(REAL) / LINE, first = lines * share / shares;
  return (Ahead){(const char *)rows + first * LINE, LINE, lines * (share + 1) / shares - first};
}

// out (P, N), or onto it = rows (P, K) times a matrix (N, K) by its rows, or (K, N) by its columns.
// N and K are multiples of 32. Each thread lays columns of its own in memory of its own, of `room`
// numbers, at least 32 * K, as the first rows meet them; behind that of all is room for 32 * K.
void FN(multiply_rows)(const REAL *rows, const REAL *from, REAL *laid, long room, REAL *out, long P,
                   long K, long N, int by_columns, int onto, int threads) {
  Matrix matrix = {from, N, K, by_columns};
  long all = N / SIDE, blocks = parts_of(P, SIDE), steps = K / SIDE, tail = P % SIDE;
  long parts = least(all, threads * parts_of(all, threads * (room / (SIDE * K))));
  long splits = least(blocks, parts_of(threads, parts)), rounds = parts_of(steps, STEPS);
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
      long begin = blocks * split / splits, end = blocks * (split + 1) / splits;
      for (long b = begin; b < end; b++) {
        const REAL *own = tail && b == blocks - 1 ? last : rows + b * SIDE * K;
        REAL *to = out + b * SIDE * N;
        long tall = least(SIDE, P - b * SIDE);
        for (long first = start; first < stop; first += GROUP) {
          long many = least(GROUP, stop - first);
          REAL *columns = mine + (first - start) * SIDE * K;
          for (long i = 0; i < many; i++) {
            if (b == begin) lay(matrix, first + i, columns + i * SIDE * K);
            fetch_block(to + (first + i) * SIDE, N, tall);
          }
          for (long step = 0; step < steps; step += STEPS)
            for (long i = 0; i < many; i++) {
              long block = first + i, turn = (block - start) * rounds + step / STEPS;
              long count = least(STEPS, steps - step);
              Ahead ahead = {0};
              if (b > begin && b + 1 < end)
                ahead = share_of(own + SIDE * K, K, turn, (stop - start) * rounds);
              else if (b == begin && block + GROUP < stop)
                ahead = steps_of(matrix, block + GROUP, step, count);
              const REAL *here = own + step * SIDE, *there = columns + i * SIDE * K + step * 2 * TILE;
              multiply_and_fetch(here, here + LANES * K, K, SIDE, there, count, sums[i], SIDE,
                                 step > 0, tall, &ahead);
            }
          for (long i = 0; i < many; i++)
            put_block(sums[i], to + (first + i) * SIDE, N, tall, onto);
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
          if (begin + length == P) fetch_block(out + band * SIDE * K + column * SIDE, K, SIDE);
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
#define HAS_PRODUCTS 0
int FN(has_products)(int threads) { return (void)threads, 0; }
#endif
