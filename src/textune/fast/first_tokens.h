// Attention whose queries are the first token of each text alone, for one number format REAL: the last
// layer of an encoder whose head reads first tokens. Scores are taken with the states themselves,
// against queries that went through the keys' weights backwards, so that keys and values of the
// other tokens are never made: q . (W x + b) = (q W) . x + q . b, and softmax ignores the constant.

// projected: (B, H, D) queries times the keys' weights; weighted: (B, H, D) sums of weighted
// states; weight_sums: (B, H) sums of the weights, which dropout moves away from 1; log_sums: (B, H).
// This and the next return 1, and compute nothing that counts, where there is no memory for it.
int FN(first_tokens_forward)(const REAL *states, const float *projected, const int64_t *borders,
                             long B, long H, long D, float factor, float *weighted,
                             float *weight_sums, float *log_sums, uint64_t seed, uint32_t bound,
                             float scale, int threads) {
  Drop drop = {seed, bound, scale};
  long longest = longest_of(borders, B);
  int lacking = 0;
#pragma omp parallel num_threads(threads) reduction(| : lacking)
  {
    long width = (longest + LANES - 1) / LANES * LANES;
    float *weights = aligned_alloc(64, H * width * sizeof(float));
    lacking = weights == NULL;
#pragma omp for schedule(dynamic, 1)
    for (long text = 0; text < B; text++) {
      if (lacking) continue;
      long first = borders[text], L = borders[text + 1] - first;
      const float *queries = projected + text * H * D;
      for (long j = 0; j < L; j++)
        for (long head = 0; head < H; head++) {
          const REAL *x = states + (first + j) * D;
          const float *query = queries + head * D;
          float score = 0;
#pragma omp simd reduction(+ : score)
          for (long d = 0; d < D; d++) score += GET(x + d) * query[d];
          weights[head * width + j] = score * factor;
        }
      memset(weighted + text * H * D, 0, H * D * sizeof(float));
      long own = (L + LANES - 1) / LANES * LANES;
      vf bar = bar_beyond(L, own);
      for (long head = 0; head < H; head++) {
        float *row = weights + head * width, mass = 0;
        for (long j = L; j < own; j++) row[j] = 0;
        uint64_t key = key_of(seed, text * H + head);
        float most = greatest(row, bar, own), sum = exponentials(row, most, own, drop, key);
        log_sums[text * H + head] = most + logf(sum);
        for (long j = 0; j < L; j++) {
          row[j] /= sum;
          mass += row[j];
        }
        weight_sums[text * H + head] = mass;
      }
      for (long j = 0; j < L; j++)
        for (long head = 0; head < H; head++) {
          const REAL *x = states + (first + j) * D;
          float *to = weighted + (text * H + head) * D, weight = weights[head * width + j];
#pragma omp simd
          for (long d = 0; d < D; d++) to[d] += weight * GET(x + d);
        }
    }
    free(weights);
  }
  return lacking;
}

// From dweighted and dweight_sums to dprojected (B, H, D) and dstates (P, D).
int FN(first_tokens_backward)(const REAL *states, const float *projected,
                              const float *dweighted, const float *dweight_sums,
                              const int64_t *borders, long B, long H, long D, float factor,
                              const float *log_sums, float *dprojected, REAL *dstates,
                              uint64_t seed, uint32_t bound, float scale, int threads) {
  Drop drop = {seed, bound, scale};
  long longest = longest_of(borders, B);
  int lacking = 0;
#pragma omp parallel num_threads(threads) reduction(| : lacking)
  {
    long width = (longest + LANES - 1) / LANES * LANES;
    float *weights = malloc((2 * H * width + D) * sizeof(float));
    lacking = weights == NULL;
    float *changes = weights + H * width, *sums = changes + H * width;
#pragma omp for schedule(dynamic, 1)
    for (long text = 0; text < B; text++) {
      if (lacking) continue;
      long first = borders[text], L = borders[text + 1] - first;
      const float *queries = projected + text * H * D, *grad = dweighted + text * H * D;
      for (long j = 0; j < L; j++)
        for (long head = 0; head < H; head++) {
          const REAL *x = states + (first + j) * D;
          const float *query = queries + head * D, *change = grad + head * D;
          float score = 0, gain = 0;
#pragma omp simd reduction(+ : score, gain)
          for (long d = 0; d < D; d++) {
            score += GET(x + d) * query[d];
            gain += GET(x + d) * change[d];
          }
          weights[head * width + j] = exp_of(score * factor - log_sums[text * H + head]);
          changes[head * width + j] = gain + dweight_sums[text * H + head];
        }
      for (long head = 0; head < H; head++) {
        float *weight = weights + head * width, *change = changes + head * width, dot = 0;
        uint64_t key = key_of(seed, text * H + head);
        for (long j = 0; j < L; j++) {
          float keep = kept(drop, key, (uint32_t)j);
          change[j] *= keep * weight[j];
          dot += change[j];
        }
        for (long j = 0; j < L; j++) {
          float keep = kept(drop, key, (uint32_t)j);
          change[j] = (change[j] - dot * weight[j]) * factor;
          weight[j] *= keep;
        }
      }
      memset(dprojected + text * H * D, 0, H * D * sizeof(float));
      for (long j = 0; j < L; j++) {
        const REAL *x = states + (first + j) * D;
        memset(sums, 0, D * sizeof(float));
        for (long head = 0; head < H; head++) {
          float weight = weights[head * width + j], change = changes[head * width + j];
          const float *query = queries + head * D, *out = grad + head * D;
          float *to = dprojected + (text * H + head) * D;
#pragma omp simd
          for (long d = 0; d < D; d++) {
            to[d] += change * GET(x + d);
            sums[d] += change * query[d] + weight * out[d];
          }
        }
        for (long d = 0; d < D; d++) PUT(dstates + (first + j) * D + d, sums[d]);
      }
    }
    free(weights);
  }
  return lacking;
}
