// Attention within each text of a pack, for one number format REAL; computed in fp32.
// A task is one head of one text of L tokens: its keys and values are laid out anew in room that
// fits the processor's cache, and ROWS queries are answered at a time. Dh: width of a head.

// (L, Dh) with some stride, plus a bias, times a factor → rows of `pitch` floats, zero beyond Dh.
INLINE void FN(lay_rows)(const REAL *from, long stride, const float *bias, float factor, long L,
                         long Dh, long pitch, float *to) {
  for (long i = 0; i < L; i++) {
    const REAL *row = from + i * stride;
    float *own = to + i * pitch;
#pragma omp simd
    for (long d = 0; d < Dh; d++) own[d] = (GET(row + d) + bias[d]) * factor;
    for (long d = Dh; d < pitch; d++) own[d] = 0;
  }
}

// One head of one text, forward. qkv: the text's rows of (P, 3, H, Dh); out: of (P, H, Dh).
INLINE void FN(attend_one)(const REAL *qkv, const float *bias, long L, long H, long Dh, long head,
                           long first, float factor, Drop drop, REAL *out, float *logs,
                           char *memory) {
  long pitch = (Dh + 31) / 32 * 32, width = (L + LANES - 1) / LANES * LANES, D = H * Dh;
  long blocks = (L + ROWS - 1) / ROWS;
  float *queries = room(&memory, L, pitch), *keys = room(&memory, L, pitch);
  float *values = room(&memory, L, pitch);
  float *columns = room(&memory, Dh, width);
  float *scores = room(&memory, ROWS, width), *sums = room(&memory, ROWS, pitch);
  const REAL *own = qkv + head * Dh;
  const float *shift = bias + head * Dh;
  FN(lay_rows)(own, 3 * D, shift, factor, L, Dh, pitch, queries);
  FN(lay_rows)(own + D, 3 * D, shift + D, 1.0f, L, Dh, pitch, keys);
  FN(lay_rows)(own + 2 * D, 3 * D, shift + 2 * D, 1.0f, L, Dh, pitch, values);
  lay_columns(keys, L, Dh, pitch, width, columns);
  for (long block = 0; block < blocks; block++) {
    const float *rows[ROWS];
    float shares[ROWS];
    long start = block * ROWS;
    for (int r = 0; r < ROWS; r++) rows[r] = queries + (start + r < L ? start + r : L - 1) * pitch;
    row_products(rows, columns, Dh, width, scores);
    for (int r = 0; r < ROWS && start + r < L; r++) {
      float *row = scores + r * width, most = greatest(row, L);
      float sum = exponentials(row, most, L, width);
      long asking = (first + start + r) * H + head;
      shares[r] = 1.0f / sum;
      if (logs) logs[asking] = most + logf(sum);
      if (drop.bound) {
        uint64_t key = key_of(drop.seed, asking);
#pragma omp simd
        for (long j = 0; j < L; j++) row[j] *= kept(drop, key, (uint32_t)j);
      }
    }
    weighted_rows(scores, values, L, width, pitch, sums);
    for (int r = 0; r < ROWS && start + r < L; r++) {
      REAL *to = out + (start + r) * D + head * Dh;
      const float *from = sums + r * pitch;
#pragma omp simd
      for (long d = 0; d < Dh; d++) PUT(to + d, from[d] * shares[r]);
    }
  }
}

// One head of one text, backward: from the gradient of out to that of q, k and v.
INLINE void FN(unattend_one)(const REAL *qkv, const float *bias, const REAL *dout, long L, long H,
                             long Dh, long head, long first, float factor, Drop drop,
                             const float *logs, REAL *dqkv, const float *zeros, char *memory) {
  long pitch = (Dh + 31) / 32 * 32, width = (L + LANES - 1) / LANES * LANES, D = H * Dh;
  long blocks = (L + ROWS - 1) / ROWS;
  float *queries = room(&memory, L, pitch), *keys = room(&memory, L, pitch);
  float *values = room(&memory, L, pitch), *given = room(&memory, L, pitch);
  float *dkeys = room(&memory, L, pitch), *dvalues = room(&memory, L, pitch);
  float *key_columns = room(&memory, Dh, width);
  float *value_columns = room(&memory, Dh, width);
  float *weights = room(&memory, ROWS, width);
  float *changes = room(&memory, ROWS, width), *sums = room(&memory, ROWS, pitch);
  float *keeps = room(&memory, 1, width);
  const REAL *own = qkv + head * Dh;
  const float *shift = bias + head * Dh;
  REAL *to = dqkv + head * Dh;
  FN(lay_rows)(own, 3 * D, shift, factor, L, Dh, pitch, queries);
  FN(lay_rows)(own + D, 3 * D, shift + D, 1.0f, L, Dh, pitch, keys);
  FN(lay_rows)(own + 2 * D, 3 * D, shift + 2 * D, 1.0f, L, Dh, pitch, values);
  FN(lay_rows)(dout + head * Dh, D, zeros, 1.0f, L, Dh, pitch, given);
  lay_columns(keys, L, Dh, pitch, width, key_columns);
  lay_columns(values, L, Dh, pitch, width, value_columns);
  memset(dkeys, 0, 2 * L * pitch * sizeof(float));  // and dvalues behind it
  for (long block = 0; block < blocks; block++) {
    const float *asked[ROWS], *got[ROWS];
    long start = block * ROWS;
    for (int r = 0; r < ROWS; r++) {
      asked[r] = start + r < L ? queries + (start + r) * pitch : zeros;
      got[r] = start + r < L ? given + (start + r) * pitch : zeros;
    }
    row_products(asked, key_columns, Dh, width, weights);
    row_products(got, value_columns, Dh, width, changes);
    for (int r = 0; r < ROWS; r++) {
      float *weight = weights + r * width, *change = changes + r * width, dot = 0;
      long asking = (first + start + r) * H + head;
      if (start + r >= L) {
        memset(weight, 0, width * sizeof(float));
        memset(change, 0, width * sizeof(float));
        continue;
      }
      float log = logs[asking];
      uint64_t key = key_of(drop.seed, asking);
#pragma omp simd reduction(+ : dot)
      for (long j = 0; j < L; j++) {
        keeps[j] = drop.bound ? kept(drop, key, (uint32_t)j) : 1.0f;
        weight[j] = exp_of(weight[j] - log);
        change[j] *= weight[j] * keeps[j];
        dot += change[j];
      }
#pragma omp simd
      for (long j = 0; j < L; j++) {
        change[j] -= dot * weight[j];
        weight[j] *= keeps[j];
      }
      for (long j = L; j < width; j++) weight[j] = change[j] = 0;
    }
    weighted_rows(changes, keys, L, width, pitch, sums);
    for (int r = 0; r < ROWS && start + r < L; r++)
      for (long d = 0; d < Dh; d++) PUT(to + (start + r) * 3 * D + d, sums[r * pitch + d] * factor);
    add_outer(weights, got, L, width, pitch, dvalues);
    add_outer(changes, asked, L, width, pitch, dkeys);
  }
  for (long j = 0; j < L; j++)
    for (long d = 0; d < Dh; d++) {
      PUT(to + j * 3 * D + D + d, dkeys[j * pitch + d]);
      PUT(to + j * 3 * D + 2 * D + d, dvalues[j * pitch + d]);
    }
}

// All heads of all texts. borders: (B + 1) first rows of the texts and their end; logs: (P, H), or
// nothing where no gradient will be asked for.
void FN(attend_forward)(const REAL *qkv, const float *bias, const int64_t *borders, long B, long H,
                        long Dh, float factor, REAL *out, float *logs, uint64_t seed,
                        uint32_t bound, float scale, int threads) {
  Drop drop = {seed, bound, scale};
  size_t size = attention_room(borders, B, Dh);
#pragma omp parallel num_threads(threads)
  {
    char *memory = aligned_alloc(64, size);
#pragma omp for schedule(dynamic, 1)
    for (long task = 0; task < B * H; task++) {
      long text = task / H, first = borders[text];
      FN(attend_one)(qkv + first * 3 * H * Dh, bias, borders[text + 1] - first, H, Dh, task % H,
                     first, factor, drop, out + first * H * Dh, logs, memory);
    }
    free(memory);
  }
}

// From dout (P, H, Dh) to dqkv (P, 3, H, Dh).
void FN(attend_backward)(const REAL *qkv, const float *bias, const REAL *dout,
                         const int64_t *borders, long B, long H, long Dh, float factor,
                         const float *logs, REAL *dqkv, uint64_t seed, uint32_t bound, float scale,
                         int threads) {
  Drop drop = {seed, bound, scale};
  size_t size = attention_room(borders, B, Dh);
  float *zeros = aligned_alloc(64, (Dh + 31) / 32 * 32 * sizeof(float));
  memset(zeros, 0, (Dh + 31) / 32 * 32 * sizeof(float));
#pragma omp parallel num_threads(threads)
  {
    char *memory = aligned_alloc(64, size);
#pragma omp for schedule(dynamic, 1)
    for (long task = 0; task < B * H; task++) {
      long text = task / H, first = borders[text];
      FN(unattend_one)(qkv + first * 3 * H * Dh, bias, dout + first * H * Dh,
                       borders[text + 1] - first, H, Dh, task % H, first, factor, drop, logs,
                       dqkv + first * 3 * H * Dh, zeros, memory);
    }
    free(memory);
  }
  free(zeros);
}
