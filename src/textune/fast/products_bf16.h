// What products in bf16 are made of: by the tiles of AMX, or by vectors of AVX-512.

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
// and `next` from step to step, times columns as they are laid below; of them `tall` count. Meanwhile
// memory is asked for that is needed next.
INLINE void multiply_and_fetch(const bf16 *upper, const bf16 *lower, long pitch, long next,
                               const bf16 *columns, long steps, float *sums, long width,
                               int is_begun, long tall, Ahead *ahead) {
  (void)tall;
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
    fetch(ahead);
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

// As by tiles: sums (32, 32) = or += the rows of two tiles times columns; no more than `tall` of them.
static void multiply_and_fetch(const bf16 *upper, const bf16 *lower, long pitch, long next,
                               const bf16 *columns, long steps, float *sums, long width,
                               int is_begun, long tall, Ahead *ahead) {
  for (long band = 0; band < tall; band += BAND, sums += BAND * width) {
    const bf16 *rows = band < LANES ? upper + band * pitch : lower + (band - LANES) * pitch;
    __m512 left[BAND], right[BAND];
#pragma GCC unroll 8
    for (int i = 0; i < BAND; i++) {
      left[i] = is_begun ? _mm512_loadu_ps(sums + i * width) : _mm512_setzero_ps();
      right[i] = is_begun ? _mm512_loadu_ps(sums + i * width + LANES) : _mm512_setzero_ps();
    }
    for (long step = 0; step < steps; step++) {
      fetch(ahead);
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
    }
#pragma GCC unroll 8
    for (int i = 0; i < BAND; i++) {
      _mm512_storeu_ps(sums + i * width, left[i]);
      _mm512_storeu_ps(sums + i * width + LANES, right[i]);
    }
  }
}
#endif

int FN(has_products)(int threads) {
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
