// Attention within each text of a pack, for one number format REAL; computed in fp32.
// A task is one head of one text of L tokens: its keys and values are laid out anew in room that
// fits the processor's cache, and ROWS queries are answered at a time. Dh: width of a head.

// (L, Dh) with some stride, plus a bias, times a factor → rows of `pitch` floats, zero beyond Dh.
INLINE void FN(lay_block)(const REAL *from, long stride, const float *bias, float factor, long L,
                          long Dh, long pitch, float *to) {
  for (long i = 0; i < L; i++) {
    const REAL *row = from + i * stride;
    float *own = to + i * pitch;
#pragma omp simd
    for (long d = 0; d < Dh; d++) own[d] = (GET(row + d) + bias[d]) * factor;
    for (long d = Dh; d < pitch; d++) own[d] = 0;
  }
}

// Rows of `pitch` floats, each times its factor → (L, Dh) with some stride.
INLINE void FN(put_block)(const float *rows, const float *factors, long L, long Dh, long pitch,
                    long stride, REAL *to) {
  for (long i = 0; i < L; i++)
#pragma omp simd
    for (long d = 0; d < Dh; d++) PUT(to + i * stride + d, rows[i * pitch + d] * factors[i]);
}

// Heads are 32 or 64 wide as a rule: a width that the compiler knows needs no loop.
static void FN(lay_rows)(const REAL *from, long stride, const float *bias, float factor, long L,
                         long Dh, long pitch, float *to) {
  if (Dh == 32)
    FN(lay_block)(from, stride, bias, factor, L, 32, 32, to);
  else if (Dh == 64)
    FN(lay_block)(from, stride, bias, factor, L, 64, 64, to);
  else
    FN(lay_block)(from, stride, bias, factor, L, Dh, pitch, to);
}

static void FN(put_rows)(const float *rows, const float *factors, long L, long Dh, long pitch,
                         long stride, REAL *to) {
  if (Dh == 32)
    FN(put_block)(rows, factors, L, 32, 32, stride, to);
  else if (Dh == 64)
    FN(put_block)(rows, factors, L, 64, 64, stride, to);
  else
    FN(put_block)(rows, factors, L, Dh, pitch, stride, to);
}

// One head of one text, forward. qkv: the text's rows of (P, 3, H, Dh); out: of (P, H, Dh).
INLINE void FN(attend_one)(const REAL *qkv, const float *bias, long L, long H, long Dh, long head,
                           long first, float factor, Drop drop, REAL *out, float *stats,
                           char *memory) {
  long pitch = (Dh + 31) / 32 * 32, width = (L + LANES - 1) / LANES * LANES, D = H * Dh;
  float *queries = room(&memory, width, pitch), *keys = room(&memory, width, pitch);
  float *values = room(&memory, width, pitch), *columns = room(&memory, pitch, width);
  float *scores = room(&memory, ROWS, width), *sums = room(&memory, ROWS, pitch);
  const REAL *own = qkv + head * Dh;
  const float *shift = bias + head * Dh;
  FN(lay_rows)(own, 3 * D, shift, factor, L, Dh, pitch, queries);
  FN(lay_rows)(own + D, 3 * D, shift + D, 1.0f, L, Dh, pitch, keys);
  FN(lay_rows)(own + 2 * D, 3 * D, shift + 2 * D, 1.0f, L, Dh, pitch, values);
  memset(keys + L * pitch, 0, (width - L) * pitch * sizeof(float));
  lay_columns(keys, pitch, width, columns);
  vf bar = bar_beyond(L, width);
  for (long start = 0; start < L; start += ROWS) {
    const float *rows[ROWS];
    float mosts[ROWS], shares[ROWS];
    int count = L - start < ROWS ? L - start : ROWS;
    for (int r = 0; r < ROWS; r++) rows[r] = queries + (r < count ? start + r : L - 1) * pitch;
    row_products(rows, columns, Dh, width, scores);
    for (int r = 0; r < count; r++) mosts[r] = greatest(scores + r * width, bar, width);
    for (int r = 0; r < count; r++) {
      long asking = (first + start + r) * H + head;
      uint64_t key = key_of(drop.seed, asking);
      shares[r] = 1.0f / exponentials(scores + r * width, mosts[r], width, drop, key);
      if (stats) {
        stats[2 * asking] = mosts[r];
        stats[2 * asking + 1] = shares[r];
      }
    }
    weighted_rows(scores, values, L, width, pitch, sums);
    FN(put_rows)(sums, shares, count, Dh, pitch, D, out + start * D + head * Dh);
  }
}

// One head of one text, backward: from the gradient of out to that of q, k and v.
INLINE void FN(unattend_one)(const REAL *qkv, const float *bias, const REAL *dout, long L, long H,
                             long Dh, long head, long first, float factor, Drop drop,
                             const float *stats, REAL *dqkv, const float *zeros, char *memory) {
  long pitch = (Dh + 31) / 32 * 32, width = (L + LANES - 1) / LANES * LANES, D = H * Dh;
  float *queries = room(&memory, width, pitch), *keys = room(&memory, width, pitch);
  float *values = room(&memory, width, pitch), *grad = room(&memory, width, pitch);
  float *dkeys = room(&memory, width, pitch), *dvalues = room(&memory, width, pitch);
  float *key_columns = room(&memory, pitch, width), *value_columns = room(&memory, pitch, width);
  float *weights = room(&memory, ROWS, width), *changes = room(&memory, ROWS, width);
  float *sums = room(&memory, ROWS, pitch), *keeps = room(&memory, 1, width);
  const REAL *own = qkv + head * Dh;
  const float *shift = bias + head * Dh;
  REAL *to = dqkv + head * Dh;
  float factors[ROWS], ones[ROWS];
  for (int r = 0; r < ROWS; r++) {
    factors[r] = factor;
    ones[r] = 1.0f;
  }
  FN(lay_rows)(own, 3 * D, shift, factor, L, Dh, pitch, queries);
  FN(lay_rows)(own + D, 3 * D, shift + D, 1.0f, L, Dh, pitch, keys);
  FN(lay_rows)(own + 2 * D, 3 * D, shift + 2 * D, 1.0f, L, Dh, pitch, values);
  FN(lay_rows)(dout + head * Dh, D, zeros, 1.0f, L, Dh, pitch, grad);
  memset(keys + L * pitch, 0, (width - L) * pitch * sizeof(float));
  memset(values + L * pitch, 0, (width - L) * pitch * sizeof(float));
  lay_columns(keys, pitch, width, key_columns);
  lay_columns(values, pitch, width, value_columns);
  memset(dkeys, 0, 2 * width * pitch * sizeof(float));  // and dvalues behind it
  for (long start = 0; start < L; start += ROWS) {
    const float *query_rows[ROWS], *got[ROWS];
    for (int r = 0; r < ROWS; r++) {
      query_rows[r] = start + r < L ? queries + (start + r) * pitch : zeros;
      got[r] = start + r < L ? grad + (start + r) * pitch : zeros;
    }
    row_products(query_rows, key_columns, Dh, width, weights);
    row_products(got, value_columns, Dh, width, changes);
    for (int r = 0; r < ROWS; r++) {
      float *weight = weights + r * width, *change = changes + r * width;
      long asking = (first + start + r) * H + head;
      if (start + r >= L) {
        memset(weight, 0, width * sizeof(float));
        memset(change, 0, width * sizeof(float));
        continue;
      }
      differentiate_row(weight, change, keeps, width, stats + 2 * asking, drop,
                        key_of(drop.seed, asking));
    }
    weighted_rows(changes, keys, L, width, pitch, sums);
    FN(put_rows)(sums, factors, L - start < ROWS ? L - start : ROWS, Dh, pitch, 3 * D,
                 to + start * 3 * D);
    add_outer(weights, got, L, width, pitch, dvalues);
    add_outer(changes, query_rows, L, width, pitch, dkeys);
  }
  for (long start = 0; start < L; start += ROWS) {
    long rows = L - start < ROWS ? L - start : ROWS;
    REAL *at = to + start * 3 * D;
    FN(put_rows)(dkeys + start * pitch, ones, rows, Dh, pitch, 3 * D, at + D);
    FN(put_rows)(dvalues + start * pitch, ones, rows, Dh, pitch, 3 * D, at + 2 * D);
  }
}

static size_t FN(room_of_task)(const int64_t *borders, long B, long Dh) {
  size_t size = attention_room(borders, B, Dh);
#if TILES
  size_t other = by_tiles(longest_of(borders, B), Dh) ? tiles_room(longest_of(borders, B), Dh) : 0;
  size = other > size ? (other + 63) / 64 * 64 : size;
#endif
  return size;
}

// All heads of all texts. borders: (B + 1) first rows of the texts and their end; stats: (P, H, 2)
// the greatest score and 1 / the sum of exponentials, or nothing where no gradient is wanted.
// This and the next return 1, and compute nothing that counts, where there is no memory for it.
int FN(attend_forward)(const REAL *qkv, const float *bias, const int64_t *borders, long B, long H,
                       long Dh, float factor, REAL *out, float *stats, uint64_t seed,
                       uint32_t bound, float scale, int threads) {
  Drop drop = {seed, bound, scale};
  size_t size = FN(room_of_task)(borders, B, Dh);
  int lacking = 0;
#pragma omp parallel num_threads(threads) reduction(| : lacking)
  {
    char *memory = aligned_alloc(64, size);
    lacking = memory == NULL;
#pragma omp for schedule(dynamic, 1)
    for (long task = 0; task < B * H; task++) {
      if (lacking) continue;
      long text = task / H, first = borders[text];
#if TILES
      if (by_tiles(borders[text + 1] - first, Dh)) {
        Shapes before;
        take_tiles(&before);
        attend_by_tiles(qkv + first * 3 * H * Dh, bias, borders[text + 1] - first, H, Dh, task % H,
                        first, factor, drop, out + first * H * Dh, stats, memory);
        give_tiles_back(&before);
        continue;
      }
#endif
      FN(attend_one)(qkv + first * 3 * H * Dh, bias, borders[text + 1] - first, H, Dh, task % H,
                     first, factor, drop, out + first * H * Dh, stats, memory);
    }
    free(memory);
  }
  return lacking;
}

// From dout (P, H, Dh) to dqkv (P, 3, H, Dh).
int FN(attend_backward)(const REAL *qkv, const float *bias, const REAL *dout,
                        const int64_t *borders, long B, long H, long Dh, float factor,
                        const float *stats, REAL *dqkv, uint64_t seed, uint32_t bound, float scale,
                        int threads) {
  Drop drop = {seed, bound, scale};
  size_t size = FN(room_of_task)(borders, B, Dh);
  float *zeros = aligned_alloc(64, (Dh + 31) / 32 * 32 * sizeof(float));
  if (zeros == NULL) return 1;
  memset(zeros, 0, (Dh + 31) / 32 * 32 * sizeof(float));
  int lacking = 0;
#pragma omp parallel num_threads(threads) reduction(| : lacking)
  {
    char *memory = aligned_alloc(64, size);
    lacking = memory == NULL;
#pragma omp for schedule(dynamic, 1)
    for (long task = 0; task < B * H; task++) {
      if (lacking) continue;
      long text = task / H, first = borders[text];
#if TILES
      if (by_tiles(borders[text + 1] - first, Dh)) {
        Shapes before;
        take_tiles(&before);
        unattend_by_tiles(qkv + first * 3 * H * Dh, bias, dout + first * H * Dh,
                          borders[text + 1] - first, H, Dh, task % H, first, factor, drop, stats,
                          dqkv + first * 3 * H * Dh, memory);
        give_tiles_back(&before);
        continue;
      }
#endif
      FN(unattend_one)(qkv + first * 3 * H * Dh, bias, dout + first * H * Dh,
                       borders[text + 1] - first, H, Dh, task % H, first, factor, drop, stats,
                       dqkv + first * 3 * H * Dh, zeros, memory);
    }
    free(memory);
  }
  free(zeros);
  return lacking;
}
