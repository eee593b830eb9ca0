// Products of matrices in bf16, by the tiles of AMX or by vectors of AVX-512, summed in fp32 in an order
// of their own: the same bits whatever the threads. oneDNN compiles a product anew for each number of
// rows that it has not met, which takes milliseconds, and packed batches have another number of tokens
// each time.
//
// A step multiplies 32 rows by 32 columns, as two by two tiles, over 32 places of the sum.

#define SIDE 32               // rows and columns of a block
#define TILE (SIDE * SIDE / 2)  // numbers of a tile: 16 rows of 32, or 16 pairs of rows of 16
#define STEPS 12              // of a sum at once, so that what is read again lies near
#define GROUP 4               // blocks of columns at once
#define CHUNK 512             // tokens of a sum over tokens at once

INLINE long least(long one, long other) { return one < other ? one : other; }
INLINE long parts_of(long whole, long part) { return (whole + part - 1) / part; }

#if defined(__AVX512BF16__) && defined(__linux__)
#include <immintrin.h>
#include <omp.h>

#ifdef __AMX_BF16__
#define TILES 1
#include <sys/syscall.h>
#include <unistd.h>

#define ASK_FOR_STATE 0x1023  // arch_prctl's ARCH_REQ_XCOMP_PERM
#define STATE_OF_TILES 18

// Ask the system for the registers of tiles, once; 1 where they can be used.
static int may_multiply(void) {
  static int is_allowed = -1;
  if (is_allowed < 0) is_allowed = syscall(SYS_arch_prctl, ASK_FOR_STATE, STATE_OF_TILES) == 0;
  return is_allowed;
}

typedef struct {
  uint8_t palette, start, none[14];
  uint16_t bytes[16];  // of a row
  uint8_t rows[16];
} Shapes;

// Take all eight tiles whole, and keep what oneDNN had set up in this thread.
INLINE void take_tiles(Shapes *before) {
  _tile_storeconfig(before);
  Shapes whole = {.palette = 1};
  for (int i = 0; i < 8; i++) whole.bytes[i] = 2 * SIDE, whole.rows[i] = LANES;
  _tile_loadconfig(&whole);
}

INLINE void give_tiles_back(const Shapes *before) {
  if (before->palette)
    _tile_loadconfig(before);
  else
    _tile_release();
}

// sums (32, 32), `width` numbers from row to row, = or += the rows of two tiles, `pitch` numbers each
// and `next` from step to step, times columns as they are laid above.
INLINE void multiply(const bf16 *upper, const bf16 *lower, long pitch, long next,
                     const bf16 *columns, long steps, float *sums, long width, int is_begun) {
  float *below = sums + LANES * width;
  if (is_begun) {
    _tile_loadd(0, sums, 4 * width);
    _tile_loadd(1, sums + LANES, 4 * width);
    _tile_loadd(2, below, 4 * width);
    _tile_loadd(3, below + LANES, 4 * width);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (long step = 0; step < steps; step++, upper += next, lower += next, columns += 2 * TILE) {
    _tile_loadd(4, upper, 2 * pitch);
    _tile_loadd(6, columns, 2 * SIDE);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, columns + TILE, 2 * SIDE);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, lower, 2 * pitch);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 4 * width);
  _tile_stored(1, sums + LANES, 4 * width);
  _tile_stored(2, below, 4 * width);
  _tile_stored(3, below + LANES, 4 * width);
}

#else
static int may_multiply(void) { return 1; }

typedef int Shapes;
INLINE void take_tiles(Shapes *before) { *before = 0; }
INLINE void give_tiles_back(const Shapes *before) { (void)before; }

#define BAND 8  // rows whose sums fit the registers

// As by tiles: sums (32, 32) = or += the rows of two tiles times columns.
static void multiply(const bf16 *upper, const bf16 *lower, long pitch, long next,
                     const bf16 *columns, long steps, float *sums, long width, int is_begun) {
  for (long band = 0; band < SIDE; band += BAND, sums += BAND * width) {
    const bf16 *rows = band < LANES ? upper + band * pitch : lower + (band - LANES) * pitch;
    __m512 left[BAND], right[BAND];
#pragma GCC unroll 8
    for (int i = 0; i < BAND; i++) {
      left[i] = is_begun ? _mm512_loadu_ps(sums + i * width) : _mm512_setzero_ps();
      right[i] = is_begun ? _mm512_loadu_ps(sums + i * width + LANES) : _mm512_setzero_ps();
    }
    for (long step = 0; step < steps; step++)
      for (long pairs = 0; pairs < SIDE / 2; pairs++) {
        const bf16 *own = columns + step * 2 * TILE + pairs * SIDE;
        __m512bh first = (__m512bh)_mm512_loadu_si512(own);
        __m512bh second = (__m512bh)_mm512_loadu_si512(own + TILE);
#pragma GCC unroll 8
        for (int i = 0; i < BAND; i++) {
          int both;
          memcpy(&both, rows + i * pitch + step * next + 2 * pairs, sizeof both);
          __m512bh factor = (__m512bh)_mm512_set1_epi32(both);
          left[i] = _mm512_dpbf16_ps(left[i], factor, first);
          right[i] = _mm512_dpbf16_ps(right[i], factor, second);
        }
      }
#pragma GCC unroll 8
    for (int i = 0; i < BAND; i++) {
      _mm512_storeu_ps(sums + i * width, left[i]);
      _mm512_storeu_ps(sums + i * width + LANES, right[i]);
    }
  }
}
#endif

int has_products(int threads) {
  (void)threads;
  return may_multiply();
}

// Two rows of 32 become 16 pairs in a row of each of two tiles.
INLINE void pair(__m512i first, __m512i second, bf16 *left, bf16 *right) {
  __m512i low = _mm512_unpacklo_epi16(first, second), high = _mm512_unpackhi_epi16(first, second);
  const __m512i begin = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i end = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  _mm512_storeu_si512(left, _mm512_permutex2var_epi64(low, begin, high));
  _mm512_storeu_si512(right, _mm512_permutex2var_epi64(low, end, high));
}

// Lay 32 columns of a matrix (length, pitch) as (steps, 2 tiles, 16 pairs of rows, 16, 2).
static void lay_by_columns(const bf16 *from, long pitch, long length, bf16 *to) {
  for (long at = 0; at < SIDE * parts_of(length, SIDE); at += 2) {
    const bf16 *row = from + at * pitch;
    __m512i first = at < length ? _mm512_loadu_si512(row) : _mm512_setzero_si512();
    __m512i second = at + 1 < length ? _mm512_loadu_si512(row + pitch) : _mm512_setzero_si512();
    bf16 *tiles = to + at / SIDE * 2 * TILE + at % SIDE * LANES;
    pair(first, second, tiles, tiles + TILE);
  }
}

// Lay 32 rows of a matrix (32, length) likewise: as if they were columns.
static void lay_by_rows(const bf16 *from, long length, bf16 *to) {
  for (long at = 0; at < length; at += SIDE, to += 2 * TILE)
    for (long half = 0; half < 2; half++)
      transpose((const float *)(from + half * LANES * length + at), length / 2,
                (float *)(to + half * TILE), LANES);
}

// Lay 32 columns of a matrix (length, pitch) as (steps, 2 tiles, 16 columns as rows, 32).
static void lay_turned(const bf16 *from, long pitch, long length, bf16 *to) {
  float pairs[TILE] __attribute__((aligned(64)));
  for (long at = 0; at < length; at += SIDE, to += 2 * TILE) {
    lay_by_columns(from + at * pitch, pitch, least(SIDE, length - at), (bf16 *)pairs);
    for (long half = 0; half < 2; half++)
      transpose(pairs + half * TILE / 2, LANES, (float *)(to + half * TILE), LANES);
  }
}

// Round sums (32, 32) into the first rows of a block, or add what is there before.
INLINE void put_block(const float *sums, bf16 *to, long pitch, long rows, int onto) {
  for (long r = 0; r < rows; r++, sums += SIDE, to += pitch) {
    vf left = take_f32(sums), right = take_f32(sums + LANES);
    if (onto) left += take_bf16(to), right += take_bf16(to + LANES);
    _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh((__m512)right, (__m512)left));
  }
}

// out (P, N), or onto it = rows (P, K) times a matrix (N, K) by its rows, or (K, N) by its columns.
// N and K are multiples of 32. Each thread lays columns of its own in memory of its own, of `room`
// numbers, at least 32 * K; behind that of all is room for 32 * K.
void multiply_rows(const bf16 *rows, const bf16 *matrix, bf16 *laid, long room, bf16 *out, long P,
                   long K, long N, int by_columns, int onto, int threads) {
  long all = N / SIDE, blocks = parts_of(P, SIDE), steps = K / SIDE, tail = P % SIDE;
  long parts = least(all, threads * parts_of(all, threads * (room / (SIDE * K))));
  long splits = least(blocks, parts_of(threads, parts));
  bf16 *last = laid + threads * room;  // the last rows, and zeros below them
  memcpy(last, rows + (P - tail) * K, 2 * tail * K);
  memset(last + tail * K, 0, 2 * (SIDE - tail) * K);
#pragma omp parallel num_threads(threads)
  {
    bf16 *mine = laid + omp_get_thread_num() * room;
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
        const bf16 *from = tail && b == blocks - 1 ? last : rows + b * SIDE * K;
        for (long first = start; first < stop; first += GROUP) {
          long many = least(GROUP, stop - first);
          for (long step = 0; step < steps; step += STEPS)
            for (long i = 0; i < many; i++) {
              const bf16 *here = from + step * SIDE;
              const bf16 *columns = mine + (first - start + i) * SIDE * K + step * 2 * TILE;
              multiply(here, here + LANES * K, K, SIDE, columns, least(STEPS, steps - step),
                       sums[i], SIDE, step > 0);
            }
          for (long i = 0; i < many; i++)
            put_block(sums[i], out + b * SIDE * N + (first + i) * SIDE, N,
                      least(SIDE, P - b * SIDE), onto);
        }
      }
    }
    give_tiles_back(&before);
  }
}

// out (N, K), or onto it = the sum over tokens of grad (P, N), turned, times states (P, K).
// N and K are multiples of 32; laid: room for CHUNK * (the lesser of both + 32) for each thread;
// sums: for N * K where P > CHUNK. Each thread has blocks of the longer side of its own.
void multiply_over_tokens(const bf16 *grad, const bf16 *states, bf16 *laid, float *sums, bf16 *out,
                          long P, long N, long K, int onto, int threads) {
  int is_tall = N >= K;
  long across = (is_tall ? K : N) / SIDE, along = (is_tall ? N : K) / SIDE;
#pragma omp parallel num_threads(threads)
  {
    bf16 *all = laid + omp_get_thread_num() * CHUNK * SIDE * (across + 1);
    bf16 *one = all + CHUNK * SIDE * across;
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
          const bf16 *from = is_tall ? one : all + at * SIDE * CHUNK;
          const bf16 *columns = is_tall ? all + at * SIDE * CHUNK : one;
          float *here = P > CHUNK ? sums + (own * across + at) * SIDE * SIDE : block;
          multiply(from, from + TILE, SIDE, 2 * TILE, columns, steps, here, SIDE, begin > 0);
          if (begin + length == P)
            put_block(here, out + band * SIDE * K + column * SIDE, K, SIDE, onto);
        }
      }
    }
    give_tiles_back(&before);
  }
}
#else
int has_products(int threads) { return (void)threads, 0; }
#endif
