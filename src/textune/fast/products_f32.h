// What products in fp32 are made of: by vectors of AVX-512.

#define BAND 8  // rows whose sums fit the registers
#define PART 3  // steps that are summed in one go

typedef int Shapes;
INLINE void take_tiles(Shapes *before) { *before = 0; }
INLINE void give_tiles_back(const Shapes *before) { (void)before; }

int has_products_f32(int threads) { return (void)threads, 1; }

// sums (8, 32), `width` numbers from row to row, = or += 8 rows times columns over 32 * steps places.
INLINE void multiply_band(const float *rows, long pitch, long next, const float *columns,
                          long steps, float *sums, long width, int is_begun) {
  vf left[BAND], right[BAND];
#pragma GCC unroll 8
  for (int i = 0; i < BAND; i++) left[i] = right[i] = (vf){0};
  for (long step = 0; step < steps; step++, rows += next)
    for (long k = 0; k < SIDE; k++, columns += SIDE) {
      vf first = *(const vf *)columns, second = *(const vf *)(columns + LANES);
#pragma GCC unroll 8
      for (int i = 0; i < BAND; i++) {
        vf factor = rows[i * pitch + k] - (vf){0};
        left[i] += factor * first;
        right[i] += factor * second;
      }
    }
#pragma GCC unroll 8
  for (int i = 0; i < BAND; i++) {
    vf *own = (vf *)(sums + i * width);
    own[0] = is_begun ? own[0] + left[i] : left[i];
    own[1] = is_begun ? own[1] + right[i] : right[i];
  }
}

// sums (32, 32), `width` numbers from row to row, = or += 16 upper and 16 lower rows, `pitch` numbers
// each and `next` from step to step, times columns as they are laid below; of them `tall` count. Sums of
// parts are added: one long sum would lose more.
static void multiply_and_fetch(const float *upper, const float *lower, long pitch, long next,
                               const float *columns, long steps, float *sums, long width,
                               int is_begun, long tall, Ahead *ahead) {
  for (long begin = 0; begin < steps; begin += PART) {
    long many = least(PART, steps - begin);
    for (long band = 0; band < tall; band += BAND) {
      const float *rows = band < LANES ? upper + band * pitch : lower + (band - LANES) * pitch;
      for (int i = 0; i < PART; i++) fetch(ahead);
      multiply_band(rows + begin * next, pitch, next, columns + begin * 2 * TILE, many,
                    sums + band * width, width, is_begun || begin);
    }
  }
}

// Lay 32 columns of a matrix (length, pitch) as (steps, 32 rows, 32), zeros below the last.
static void lay_by_columns(const float *from, long pitch, long length, float *to) {
  for (long at = 0; at < length; at++) memcpy(to + at * SIDE, from + at * pitch, SIDE * sizeof *to);
  memset(to + length * SIDE, 0, (parts_of(length, SIDE) * SIDE - length) * SIDE * sizeof *to);
}

// Lay 32 rows of a matrix (32, length) likewise: as if they were columns.
static void lay_by_rows(const float *from, long length, float *to) {
  for (long at = 0; at < length; at += LANES, to += LANES * SIDE)
    for (long half = 0; half < SIDE; half += LANES)
      transpose(from + half * length + at, length, to + half, SIDE);
}

// Lay 32 columns of a matrix (length, pitch) as (steps, 2 tiles, 16 columns as rows, 32).
static void lay_turned(const float *from, long pitch, long length, float *to) {
  float block[2 * TILE] __attribute__((aligned(64)));
  for (long at = 0; at < length; at += SIDE, to += 2 * TILE) {
    lay_by_columns(from + at * pitch, pitch, least(SIDE, length - at), block);
    for (long half = 0; half < 2; half++)
      for (long part = 0; part < SIDE; part += LANES)
        transpose(block + part * SIDE + half * LANES, SIDE, to + half * TILE + part, SIDE);
  }
}

// Write sums (32, 32) into the first rows of a block, or add what is there before.
INLINE void put_block(const float *sums, float *to, long pitch, long rows, int onto) {
  for (long r = 0; r < rows; r++, sums += SIDE, to += pitch) {
    vf left = take_f32(sums), right = take_f32(sums + LANES);
    if (onto) left += take_f32(to), right += take_f32(to + LANES);
    memcpy(to, &left, sizeof left);
    memcpy(to + LANES, &right, sizeof right);
  }
}
