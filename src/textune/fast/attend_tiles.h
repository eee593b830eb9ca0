// Attention of one head of one text in bf16, its products by tiles: 32 queries at a time. Queries, keys,
// values and weights are rounded to bf16 before they are multiplied; everything else is fp32.

#define QUERIES 128  // at once on the way back, whose weights are kept until they are turned
#define SHORTEST 32  // text that tiles answer sooner than vectors do

INLINE int by_tiles(long L, long Dh) {
  return L >= SHORTEST && (Dh == SIDE || Dh == 2 * SIDE) && may_multiply();
}

// Bytes of room for one task, backward or forward.
static size_t tiles_room(long L, long Dh) {
  long W = SIDE * parts_of(L, SIDE);
  long halves = 7 * W * Dh + 2 * QUERIES * (Dh + W) + SIDE * QUERIES;
  return halves * sizeof(bf16) + ((2 * SIDE + 1) * W + 2 * W * Dh + SIDE * Dh) * sizeof(float);
}

INLINE bf16 *halves(char **at, long rows, long width) {
  bf16 *found = (bf16 *)*at;
  *at += rows * width * sizeof(bf16);
  return found;
}

INLINE void put_pair(bf16 *to, vf left, vf right) {
  _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh((__m512)right, (__m512)left));
}

// (L, Dh) with some stride, plus a bias, times a factor → (W, Dh), zero beyond L.
static void lay_halves(const bf16 *from, long stride, const float *bias, float factor, long L,
                       long W, long Dh, bf16 *to) {
  for (long i = 0; i < L; i++)
    for (long d = 0; d < Dh; d += SIDE) {
      const bf16 *own = from + i * stride + d;
      vf left = take_bf16(own), right = take_bf16(own + LANES);
      if (bias) left += take_f32(bias + d), right += take_f32(bias + d + LANES);
      put_pair(to + i * Dh + d, left * factor, right * factor);
    }
  memset(to + L * Dh, 0, (W - L) * Dh * sizeof(bf16));
}

// A row of `W` floats → halves, zero from L on; what lies beyond L is not read as a number.
INLINE void round_row(const float *from, long L, long W, bf16 *to) {
  for (long j = 0; j < W; j += SIDE) put_pair(to + j, take_f32(from + j), take_f32(from + j + LANES));
  memset(to + L, 0, (W - L) * sizeof(bf16));
}

// sums (32, W) = rows (32, Dh) times columns that were laid from (W, Dh) by rows.
INLINE void scores_of(const bf16 *rows, const bf16 *columns, long W, long Dh, float *sums) {
  for (long j = 0; j < W; j += SIDE)
    multiply(rows, rows + LANES * Dh, Dh, SIDE, columns + j * Dh, Dh / SIDE, sums + j, W, 0, SIDE);
}

// sums (32, Dh) = weights (32, W) times columns that were laid from (W, Dh) by columns.
INLINE void weigh(const bf16 *weights, const bf16 *columns, long W, long Dh, float *sums) {
  for (long d = 0; d < Dh; d += SIDE)
    multiply(weights, weights + LANES * W, W, SIDE, columns + d * W, W / SIDE, sums + d, Dh, 0, SIDE);
}

// sums (W, Dh) = or += weights (queries, W), turned, times columns laid from (queries, Dh).
static void weigh_turned(const bf16 *weights, const bf16 *columns, long queries, long W, long Dh,
                         bf16 *turned, float *sums, int is_begun) {
  for (long j = 0; j < W; j += SIDE) {
    lay_turned(weights + j, W, queries, turned);
    for (long d = 0; d < Dh; d += SIDE)
      multiply(turned, turned + TILE, SIDE, 2 * TILE, columns + d * QUERIES, queries / SIDE,
               sums + j * Dh + d, Dh, is_begun, SIDE);
  }
}

static void lay_all_by_rows(const bf16 *from, long W, long Dh, bf16 *to) {
  for (long j = 0; j < W; j += SIDE) lay_by_rows(from + j * Dh, Dh, to + j * Dh);
}

static void lay_all_by_columns(const bf16 *from, long length, long room, long Dh, bf16 *to) {
  for (long d = 0; d < Dh; d += SIDE) lay_by_columns(from + d, Dh, length, to + d * room);
}

// Rows of floats, each times its factor, or all times the first → (rows, Dh) with some stride.
INLINE void put_floats(const float *from, const float *factors, int is_one, long rows, long Dh,
                       long stride, bf16 *to) {
  for (long r = 0; r < rows; r++)
    for (long d = 0; d < Dh; d += SIDE) {
      const float *own = from + r * Dh + d;
      float factor = factors[is_one ? 0 : r];
      put_pair(to + r * stride + d, take_f32(own) * factor, take_f32(own + LANES) * factor);
    }
}

// As attend_one; the tiles are taken.
static void attend_by_tiles(const bf16 *qkv, const float *bias, long L, long H, long Dh, long head,
                            long first, float factor, Drop drop, bf16 *out, float *stats,
                            char *memory) {
  long W = SIDE * parts_of(L, SIDE), width = LANES * parts_of(L, LANES), D = H * Dh;
  float *scores = room(&memory, SIDE, W), *sums = room(&memory, SIDE, Dh);
  bf16 *queries = halves(&memory, W, Dh), *rows = halves(&memory, W, Dh);
  bf16 *keys = halves(&memory, W, Dh), *values = halves(&memory, W, Dh);
  bf16 *weights = halves(&memory, SIDE, W);
  const bf16 *own = qkv + head * Dh;
  const float *shift = bias + head * Dh;
  lay_halves(own, 3 * D, shift, factor, L, W, Dh, queries);
  lay_halves(own + D, 3 * D, shift + D, 1.0f, L, W, Dh, rows);
  lay_all_by_rows(rows, W, Dh, keys);
  lay_halves(own + 2 * D, 3 * D, shift + 2 * D, 1.0f, L, W, Dh, rows);
  lay_all_by_columns(rows, W, W, Dh, values);
  vf bar = bar_beyond(L, width);
  for (long start = 0; start < L; start += SIDE) {
    long count = least(SIDE, L - start);
    float shares[SIDE];
    scores_of(queries + start * Dh, keys, W, Dh, scores);
    for (long r = 0; r < count; r++) {
      float *row = scores + r * W, most = greatest(row, bar, width);
      long asking = (first + start + r) * H + head;
      shares[r] = 1.0f / exponentials(row, most, width, drop, key_of(drop.seed, asking));
      round_row(row, L, W, weights + r * W);
      if (stats) stats[2 * asking] = most, stats[2 * asking + 1] = shares[r];
    }
    weigh(weights, values, W, Dh, sums);
    put_floats(sums, shares, 0, count, Dh, D, out + start * D + head * Dh);
  }
}

// From scores and the gradients of weights, (32, W) each, to the weights that were kept and to the
// gradients of scores, in bf16; zero beyond the text.
static void differentiate(float *weights, float *changes, float *keeps, long L, long W, long H,
                          long head, long first, long start, Drop drop, const float *stats,
                          bf16 *kept_weights, bf16 *dscores) {
  long width = LANES * parts_of(L, LANES);
  for (long r = 0; r < SIDE; r++) {
    float *weight = weights + r * W, *change = changes + r * W;
    if (start + r >= L) {
      memset(kept_weights + r * W, 0, W * sizeof(bf16));
      memset(dscores + r * W, 0, W * sizeof(bf16));
      continue;
    }
    long asking = (first + start + r) * H + head;
    differentiate_row(weight, change, keeps, width, stats + 2 * asking, drop,
                      key_of(drop.seed, asking));
    round_row(weight, L, W, kept_weights + r * W);
    round_row(change, L, W, dscores + r * W);
  }
}

// As unattend_one; the tiles are taken.
static void unattend_by_tiles(const bf16 *qkv, const float *bias, const bf16 *dout, long L, long H,
                              long Dh, long head, long first, float factor, Drop drop,
                              const float *stats, bf16 *dqkv, char *memory) {
  long W = SIDE * parts_of(L, SIDE), D = H * Dh;
  float *scores = room(&memory, SIDE, W), *changes = room(&memory, SIDE, W);
  float *keeps = room(&memory, 1, W), *sums = room(&memory, SIDE, Dh);
  float *dkeys = room(&memory, W, Dh), *dvalues = room(&memory, W, Dh);
  bf16 *queries = halves(&memory, W, Dh), *grad = halves(&memory, W, Dh);
  bf16 *rows = halves(&memory, W, Dh), *values = halves(&memory, W, Dh);
  bf16 *keys = halves(&memory, W, Dh), *key_columns = halves(&memory, W, Dh);
  bf16 *grad_columns = halves(&memory, QUERIES, Dh), *query_columns = halves(&memory, QUERIES, Dh);
  bf16 *weights = halves(&memory, QUERIES, W), *dscores = halves(&memory, QUERIES, W);
  bf16 *turned = halves(&memory, SIDE, QUERIES);
  const bf16 *own = qkv + head * Dh;
  const float *shift = bias + head * Dh, one = 1.0f;
  bf16 *to = dqkv + head * Dh;
  lay_halves(own, 3 * D, shift, factor, L, W, Dh, queries);
  lay_halves(dout + head * Dh, D, NULL, 1.0f, L, W, Dh, grad);
  lay_halves(own + 2 * D, 3 * D, shift + 2 * D, 1.0f, L, W, Dh, rows);
  lay_all_by_rows(rows, W, Dh, values);
  lay_halves(own + D, 3 * D, shift + D, 1.0f, L, W, Dh, rows);
  lay_all_by_rows(rows, W, Dh, keys);
  lay_all_by_columns(rows, W, W, Dh, key_columns);
  for (long begin = 0; begin < W; begin += QUERIES) {
    long many = least(QUERIES, W - begin);
    for (long at = 0; at < many; at += SIDE) {
      long start = begin + at;
      bf16 *here = dscores + at * W;
      scores_of(queries + start * Dh, keys, W, Dh, scores);
      scores_of(grad + start * Dh, values, W, Dh, changes);
      differentiate(scores, changes, keeps, L, W, H, head, first, start, drop, stats,
                    weights + at * W, here);
      weigh(here, key_columns, W, Dh, sums);
      put_floats(sums, &factor, 1, least(SIDE, L - start), Dh, 3 * D, to + start * 3 * D);
    }
    lay_all_by_columns(grad + begin * Dh, many, QUERIES, Dh, grad_columns);
    lay_all_by_columns(queries + begin * Dh, many, QUERIES, Dh, query_columns);
    weigh_turned(weights, grad_columns, many, W, Dh, turned, dvalues, begin > 0);
    weigh_turned(dscores, query_columns, many, W, Dh, turned, dkeys, begin > 0);
  }
  put_floats(dkeys, &one, 1, L, Dh, 3 * D, to + D);
  put_floats(dvalues, &one, 1, L, Dh, 3 * D, to + 2 * D);
}
