// Kernels on the rows of a matrix (P, D), for one number format REAL: a product's result becomes
// the input of the next product. Sums over rows are taken in PARTS fixed parts, so that no result
// depends on the number of threads.

#define PARTS 16

INLINE void FN(normalised)(const REAL *z, const float *gamma, const float *beta, float eps, long D,
                           float *mean, float *rstd, REAL *h, Drop drop, uint64_t key) {
  vf parts = {0}, squares = {0};
  long whole = D & -LANES;
  for (long d = 0; d < whole; d += LANES) parts += TAKE(z + d);
  float sum = across(parts), square = 0;
  for (long d = whole; d < D; d++) sum += GET(z + d);
  float mu = sum / D;
  for (long d = 0; d < whole; d += LANES) squares += (TAKE(z + d) - mu) * (TAKE(z + d) - mu);
  for (long d = whole; d < D; d++) square += (GET(z + d) - mu) * (GET(z + d) - mu);
  float r = 1.0f / sqrtf((across(squares) + square) / D + eps);
  *mean = mu;
  *rstd = r;
  if (drop.bound) {
#pragma omp simd
    for (int d = 0; d < (int)D; d++)
      PUT(h + d, ((GET(z + d) - mu) * r * gamma[d] + beta[d]) * kept(drop, key, (uint32_t)d));
  } else {
#pragma omp simd
    for (long d = 0; d < D; d++) PUT(h + d, (GET(z + d) - mu) * r * gamma[d] + beta[d]);
  }
}

// z = residual + drop(product + bias), in the product's place; h = layer norm of z.
void FN(add_norm_forward)(REAL *product, const float *bias, const REAL *residual,
                          const float *gamma, const float *beta, float eps, REAL *h, float *mean,
                          float *rstd, long P, long D, uint64_t seed, uint32_t bound, float scale,
                          int threads) {
  Drop drop = {seed, bound, scale}, none = {0, 0, 1.0f};
#pragma omp parallel for num_threads(threads)
  for (long p = 0; p < P; p++) {
    REAL *z = product + p * D;
    const REAL *x = residual + p * D;
    uint64_t key = key_of(seed, p);
    if (bound) {
#pragma omp simd
      for (int d = 0; d < (int)D; d++)
        PUT(z + d, GET(x + d) + (GET(z + d) + bias[d]) * kept(drop, key, (uint32_t)d));
    } else {
#pragma omp simd
      for (long d = 0; d < D; d++) PUT(z + d, GET(x + d) + (GET(z + d) + bias[d]));
    }
    FN(normalised)(z, gamma, beta, eps, D, mean + p, rstd + p, h + p * D, none, 0);
  }
}

// The gradient of layer norm for one row: from dh to dz, adding to the sums for gamma and beta.
INLINE void FN(unnormalised)(const REAL *dh, const REAL *z, float mu, float r, const float *gamma,
                             long D, float *dz, float *dgamma, float *dbeta) {
  vf parts = {0}, dots = {0};
  long whole = D & -LANES;
  for (long d = 0; d < whole; d += LANES) {
    vf g = TAKE(dh + d), hat = (TAKE(z + d) - mu) * r;
    add_f32(dgamma + d, g * hat);
    add_f32(dbeta + d, g);
    parts += g * take_f32(gamma + d);
    dots += g * take_f32(gamma + d) * hat;
  }
  float sum = across(parts), dot = across(dots);
  for (long d = whole; d < D; d++) {
    float g = GET(dh + d), hat = (GET(z + d) - mu) * r;
    dgamma[d] += g * hat;
    dbeta[d] += g;
    sum += g * gamma[d];
    dot += g * gamma[d] * hat;
  }
  sum /= D;
  dot /= D;
#pragma omp simd
  for (long d = 0; d < D; d++) {
    float hat = (GET(z + d) - mu) * r;
    dz[d] = r * (GET(dh + d) * gamma[d] - sum - hat * dot);
  }
}

static void FN(add_parts)(const float *parts, long count, long D, float *sums) {
  memset(sums, 0, D * sizeof(float));
  for (long part = 0; part < PARTS; part++)
    for (long d = 0; d < D; d++) sums[d] += parts[part * count * D + d];
}

// From dh to dz (for the residual) and to da (for the product, dropped alike). `sums` receives the
// gradients of gamma, beta and the bias, (3, D); `parts` is room for (PARTS, 4, D).
void FN(add_norm_backward)(const REAL *dh, const REAL *z, const float *mean, const float *rstd,
                           const float *gamma, REAL *dz, REAL *da, float *sums, float *parts,
                           long P, long D, uint64_t seed, uint32_t bound, float scale,
                           int threads) {
  Drop drop = {seed, bound, scale};
#pragma omp parallel for num_threads(threads)
  for (long part = 0; part < PARTS; part++) {
    float *own = parts + part * 4 * D, *row = own + 3 * D;
    memset(own, 0, 3 * D * sizeof(float));
    for (long p = P * part / PARTS; p < P * (part + 1) / PARTS; p++) {
      FN(unnormalised)(dh + p * D, z + p * D, mean[p], rstd[p], gamma, D, row, own, own + D);
      uint64_t key = key_of(seed, p);
      float *dbias = own + 2 * D;
      REAL *to = dz + p * D, *too = da + p * D;
      if (bound) {
#pragma omp simd
        for (int d = 0; d < (int)D; d++) {
          float masked = row[d] * kept(drop, key, (uint32_t)d);
          dbias[d] += masked;
          PUT(to + d, row[d]);
          PUT(too + d, masked);
        }
      } else {
#pragma omp simd
        for (long d = 0; d < D; d++) {
          dbias[d] += row[d];
          PUT(to + d, row[d]);
          PUT(too + d, row[d]);
        }
      }
    }
  }
  for (int which = 0; which < 3; which++)
    FN(add_parts)(parts + which * D, 4, D, sums + which * D);
}

// The sum of a word's, a position's and a segment's row is z; h = drop(layer norm of z).
void FN(embed_forward)(const float *words, const float *places, const float *kinds,
                       const int64_t *ids, const int64_t *positions, const int64_t *segments,
                       const float *gamma, const float *beta, float eps, REAL *z, REAL *h,
                       float *mean, float *rstd, long P, long D, uint64_t seed, uint32_t bound,
                       float scale, int threads) {
  Drop drop = {seed, bound, scale};
#pragma omp parallel for num_threads(threads)
  for (long p = 0; p < P; p++) {
    const float *word = words + ids[p] * D, *place = places + positions[p] * D;
    const float *kind = kinds + segments[p] * D;
    REAL *sum = z + p * D;
#pragma omp simd
    for (long d = 0; d < D; d++) PUT(sum + d, (word[d] + kind[d]) + place[d]);
    FN(normalised)(sum, gamma, beta, eps, D, mean + p, rstd + p, h + p * D, drop,
                   key_of(seed, p));
  }
}

// From dh to the gradients of gamma and beta, (2, D), and to dz, (P, D) in fp32.
void FN(embed_backward)(const REAL *dh, const REAL *z, const float *mean, const float *rstd,
                        const float *gamma, float *dz, float *sums, float *parts, long P, long D,
                        uint64_t seed, uint32_t bound, float scale, int threads) {
  Drop drop = {seed, bound, scale};
#pragma omp parallel for num_threads(threads)
  for (long part = 0; part < PARTS; part++) {
    float *own = parts + part * 4 * D;
    REAL *masked = (REAL *)(own + 3 * D);
    memset(own, 0, 2 * D * sizeof(float));
    for (long p = P * part / PARTS; p < P * (part + 1) / PARTS; p++) {
      uint64_t key = key_of(seed, p);
      const REAL *from = dh + p * D;
#pragma omp simd
      for (int d = 0; d < (int)D; d++)
        PUT(masked + d, GET(from + d) * kept(drop, key, (uint32_t)d));
      FN(unnormalised)(masked, z + p * D, mean[p], rstd[p], gamma, D, dz + p * D, own, own + D);
    }
  }
  for (int which = 0; which < 2; which++)
    FN(add_parts)(parts + which * D, 4, D, sums + which * D);
}

// g = gelu(u + bias), exact form (Hendrycks and Gimpel, 2016).
void FN(gelu_forward)(const REAL *u, const float *bias, REAL *g, long P, long D, int threads) {
#pragma omp parallel for num_threads(threads)
  for (long p = 0; p < P; p++) {
    const REAL *from = u + p * D;
    REAL *to = g + p * D;
#pragma omp simd
    for (long d = 0; d < D; d++) {
      float density, x = GET(from + d) + bias[d];
      PUT(to + d, x * normal(x, &density));
    }
  }
}

// u becomes gelu(u + bias) once more, dg becomes du; `sums` receives the bias' gradient, (D).
void FN(gelu_backward)(REAL *u, const float *bias, REAL *dg, float *sums, float *parts, long P,
                       long D, int threads) {
#pragma omp parallel for num_threads(threads)
  for (long part = 0; part < PARTS; part++) {
    float *own = parts + part * D;
    memset(own, 0, D * sizeof(float));
    for (long p = P * part / PARTS; p < P * (part + 1) / PARTS; p++) {
      REAL *from = u + p * D, *grad = dg + p * D;
#pragma omp simd
      for (long d = 0; d < D; d++) {
        float density, x = GET(from + d) + bias[d];
        float share = normal(x, &density);
        float change = GET(grad + d) * (share + x * density);
        PUT(from + d, x * share);
        PUT(grad + d, change);
        own[d] += change;
      }
    }
  }
  FN(add_parts)(parts, 1, D, sums);
}

// The sum over rows, (D), of a matrix.
void FN(column_sums)(const REAL *rows, float *sums, float *parts, long P, long D, int threads) {
#pragma omp parallel for num_threads(threads)
  for (long part = 0; part < PARTS; part++) {
    float *own = parts + part * D;
    memset(own, 0, D * sizeof(float));
    for (long p = P * part / PARTS; p < P * (part + 1) / PARTS; p++)
#pragma omp simd
      for (long d = 0; d < D; d++) own[d] += GET(rows + p * D + d);
  }
  FN(add_parts)(parts, 1, D, sums);
}
