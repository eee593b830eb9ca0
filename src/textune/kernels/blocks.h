// Blocks of attention in fp32: ROWS queries of a text against all of its keys or values.

#define ROWS 8

// Memory for a task, handed out piece by piece.
INLINE float *room(char **at, long rows, long width) {
  float *found = (float *)*at;
  *at += rows * width * sizeof(float);
  return found;
}

// Rows (L, pitch) → columns (Dh, width), zero beyond L.
static void lay_columns(const float *rows, long L, long Dh, long pitch, long width, float *to) {
  for (long d = 0; d < Dh; d++) {
    float *own = to + d * width;
    for (long j = 0; j < L; j++) own[j] = rows[j * pitch + d];
    for (long j = L; j < width; j++) own[j] = 0;
  }
}

// products[r][j] = sum over d of rows[r][d] * columns[d][j], for ROWS rows.
static void row_products(const float *const *rows, const float *columns, long Dh, long width,
                             float *products) {
  for (long j = 0; j < width; j += LANES) {
    vf sums[ROWS];
    for (int r = 0; r < ROWS; r++) sums[r] = (vf){0};
    for (long d = 0; d < Dh; d++) {
      vf column = *(const vf *)(columns + d * width + j);
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) sums[r] += rows[r][d] * column;
    }
    for (int r = 0; r < ROWS; r++) *(vf *)(products + r * width + j) = sums[r];
  }
}

// sums[r] = sum over j of weights[r][j] * rows[j], for ROWS rows of `pitch` floats.
static void weighted_rows(const float *weights, const float *rows, long L, long width,
                              long pitch, float *sums) {
  for (long d = 0; d < pitch; d += 2 * LANES) {
    vf low[ROWS], high[ROWS];
    for (int r = 0; r < ROWS; r++) low[r] = high[r] = (vf){0};
    for (long j = 0; j < L; j++) {
      const vf *row = (const vf *)(rows + j * pitch + d);
      vf first = row[0], second = row[1];
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) {
        low[r] += weights[r * width + j] * first;
        high[r] += weights[r * width + j] * second;
      }
    }
    for (int r = 0; r < ROWS; r++) {
      *(vf *)(sums + r * pitch + d) = low[r];
      *(vf *)(sums + r * pitch + d + LANES) = high[r];
    }
  }
}

// rows[j] += sum over r of weights[r][j] * given[r].
static void add_outer(const float *weights, const float *const *given, long L, long width,
                          long pitch, float *rows) {
  for (long d = 0; d < pitch; d += 2 * LANES) {
    vf low[ROWS], high[ROWS];
    for (int r = 0; r < ROWS; r++) {
      low[r] = *(const vf *)(given[r] + d);
      high[r] = *(const vf *)(given[r] + d + LANES);
    }
    for (long j = 0; j < L; j++) {
      vf *row = (vf *)(rows + j * pitch + d);
      vf first = row[0], second = row[1];
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) {
        first += weights[r * width + j] * low[r];
        second += weights[r * width + j] * high[r];
      }
      row[0] = first;
      row[1] = second;
    }
  }
}

// Scores of one query become e^(score - most), zero beyond L; returns their sum.
static float exponentials(float *scores, float most, long L, long width) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (long j = 0; j < L; j++) {
    scores[j] = exp_of(scores[j] - most);
    sum += scores[j];
  }
  for (long j = L; j < width; j++) scores[j] = 0;
  return sum;
}

static float greatest(const float *scores, long L) {
  float most = scores[0];
#pragma omp simd reduction(max : most)
  for (long j = 0; j < L; j++) most = scores[j] > most ? scores[j] : most;
  return most;
}

static long longest_of(const int64_t *borders, long B) {
  long longest = 1;
  for (long text = 0; text < B; text++) {
    long L = borders[text + 1] - borders[text];
    longest = L > longest ? L : longest;
  }
  return longest;
}

// Bytes of room for one task of attention, backward or forward.
static size_t attention_room(const int64_t *borders, long B, long Dh) {
  long L = longest_of(borders, B);
  long pitch = (Dh + 31) / 32 * 32, width = (L + LANES - 1) / LANES * LANES;
  return sizeof(float) * (6 * L * pitch + 2 * Dh * width + (2 * ROWS + 1) * width + ROWS * pitch);
}
