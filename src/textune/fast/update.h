// The optimizer's kernels: norms of gradients, AdamW, and gradients of embedding rows.

#define STRETCH 16384  // elements that one thread takes at a time
#define MANY 64        // of these, whose sums of squares are kept at once

// The sum of squares over many gradients, in parts that no number of threads changes.
// halves[n]: whether the n-th gradient is bf16. -1 where there is no memory for the parts.
double squares(void *const *gradients, const int64_t *sizes, const uint8_t *halves, long count,
               int threads) {
  double total = 0;
  for (long n = 0; n < count; n++) {
    long stretches = (sizes[n] + STRETCH - 1) / STRETCH;
    double *sums = malloc(stretches * sizeof(double));
    if (sums == NULL && stretches > 0) return -1;
#pragma omp parallel for num_threads(threads) if (stretches > 1)
    for (long s = 0; s < stretches; s++) {
      long stop = (s + 1) * STRETCH < sizes[n] ? (s + 1) * STRETCH : sizes[n];
      float sum = 0;
      if (halves[n]) {
        const bf16 *g = gradients[n];
#pragma omp simd reduction(+ : sum)
        for (long i = s * STRETCH; i < stop; i++) sum += get_bf16(g + i) * get_bf16(g + i);
      } else {
        const float *g = gradients[n];
#pragma omp simd reduction(+ : sum)
        for (long i = s * STRETCH; i < stop; i++) sum += g[i] * g[i];
      }
      sums[s] = sum;
    }
    for (long s = 0; s < stretches; s++) total += sums[s];
    free(sums);
  }
  return total;
}

// out = the sum of rows, bf16 or fp32; the first one may be out itself. Returns the sum of its
// squares, in parts that no number of threads changes.
double add_up(void *const *rows, long count, int are_halves, float *out, long size, int threads) {
  double total = 0;
  for (long first = 0; first < size; first += MANY * STRETCH) {
    double sums[MANY] = {0};
    long left = (size - first + STRETCH - 1) / STRETCH, stretches = left < MANY ? left : MANY;
#pragma omp parallel for num_threads(threads) if (stretches > 1)
    for (long s = 0; s < stretches; s++) {
      long start = first + s * STRETCH, stop = start + STRETCH < size ? start + STRETCH : size;
      for (long n = 0; n < count; n++) {
        const float *row = rows[n];
        const bf16 *half = rows[n];
        if (are_halves && n == 0)
#pragma omp simd
          for (long i = start; i < stop; i++) out[i] = get_bf16(half + i);
        else if (are_halves)
#pragma omp simd
          for (long i = start; i < stop; i++) out[i] += get_bf16(half + i);
        else if (n == 0 && row != out)
          memcpy(out + start, row + start, (stop - start) * sizeof(float));
        else if (n > 0)
#pragma omp simd
          for (long i = start; i < stop; i++) out[i] += row[i];
      }
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (long i = start; i < stop; i++) sum += out[i] * out[i];
      sums[s] = sum;
    }
    for (long s = 0; s < stretches; s++) total += sums[s];
  }
  return total;
}

// AdamW (Loshchilov and Hutter, 2019, algorithm 2) on one parameter; its gradient is scaled first.
// correction1, correction2: 1 - beta^t. copy: the parameter in bf16, or nothing.
static void adamw_one(float *weights, const float *gradient, const bf16 *half, float *means,
                      float *variances, bf16 *copy, long size, float lr, float beta1, float beta2,
                      float eps, float decay, float correction1, float correction2, float scale,
                      int threads) {
  float shrink = 1.0f - lr * decay, step = lr / correction1, root = 1.0f / sqrtf(correction2);
#pragma omp parallel for num_threads(threads) if (size > STRETCH)
  for (long start = 0; start < size; start += STRETCH) {
    long stop = start + STRETCH < size ? start + STRETCH : size;
#pragma omp simd
    for (long i = start; i < stop; i++) {
      float g = (half ? get_bf16(half + i) : gradient[i]) * scale;
      float mean = means[i] + (1.0f - beta1) * (g - means[i]);
      float variance = beta2 * variances[i] + (1.0f - beta2) * g * g;
      means[i] = mean;
      variances[i] = variance;
      weights[i] = weights[i] * shrink - step * mean / (sqrtf(variance) * root + eps);
    }
    if (copy)
#pragma omp simd
      for (long i = start; i < stop; i++) put_bf16(copy + i, weights[i]);
  }
}

void adamw(float *const *weights, void *const *gradients, const uint8_t *halves,
           float *const *means, float *const *variances, bf16 *const *copies, const int64_t *sizes,
           long count, float lr, float beta1, float beta2, float eps, float decay,
           float correction1, float correction2, float scale, int threads) {
  for (long n = 0; n < count; n++)
    adamw_one(weights[n], halves[n] ? 0 : gradients[n], halves[n] ? gradients[n] : 0, means[n],
              variances[n], copies[n], sizes[n], lr, beta1, beta2, eps, decay, correction1,
              correction2, scale, threads);
}

// table[ids[p]] += rows[p], each thread in its own columns; rows of `skip` are left out.
void add_rows(const float *rows, const int64_t *ids, float *table, long P, long D, long skip,
              int threads) {
#pragma omp parallel for num_threads(threads)
  for (long start = 0; start < D; start += 32) {
    long stop = start + 32 < D ? start + 32 : D;
    for (long p = 0; p < P; p++) {
      if (ids[p] == skip) continue;
      const float *from = rows + p * D;
      float *to = table + ids[p] * D;
#pragma omp simd
      for (long d = start; d < stop; d++) to[d] += from[d];
    }
  }
}
