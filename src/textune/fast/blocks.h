// Blocks of attention in fp32: ROWS queries of a text against all of its keys or values.

#define ROWS 8

// Memory for a task, handed out piece by piece.
INLINE float *room(char **at, long rows, long width) {
  float *found = (float *)*at;
  *at += rows * width * sizeof(float);
  return found;
}

// One step of a transposition of sixteen rows: blocks of `half` x `half` change places.
INLINE void swap(vf *rows, int half, vi low, vi high) {
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++)
    if (!(i & half)) {
      vf first = rows[i], second = rows[i + half];
      rows[i] = __builtin_shuffle(first, second, low);
      rows[i + half] = __builtin_shuffle(first, second, high);
    }
}

// Sixteen rows of sixteen floats → sixteen columns.
INLINE void transpose(const float *from, long pitch, float *to, long width) {
  vf rows[LANES];
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++) rows[i] = take_f32(from + i * pitch);
  swap(rows, 8, (vi){0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23},
       (vi){8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31});
  swap(rows, 4, (vi){0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27},
       (vi){4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31});
  swap(rows, 2, (vi){0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29},
       (vi){2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31});
  swap(rows, 1, (vi){0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30},
       (vi){1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31});
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++) *(vf *)(to + i * width) = rows[i];
}

// Rows (width, pitch) → columns (pitch, width); both are multiples of LANES.
static void lay_columns(const float *rows, long pitch, long width, float *to) {
  for (long d = 0; d < pitch; d += LANES)
    for (long j = 0; j < width; j += LANES)
      transpose(rows + j * pitch + d, pitch, to + d * width + j, width);
}

// products[r][j] = sum over d of rows[r][d] * columns[d][j], for ROWS rows and `many` vectors of j.
INLINE void product_block(const float *const *rows, const float *columns, long Dh, long width,
                          int many, float *products) {
  vf sums[2][ROWS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) sums[0][r] = sums[1][r] = (vf){0};
  for (long d = 0; d < Dh; d++) {
    const vf *column = (const vf *)(columns + d * width);
    vf first = column[0], second = many > 1 ? column[1] : first;
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      vf factor = rows[r][d] - (vf){0};
      sums[0][r] += factor * first;
      if (many > 1) sums[1][r] += factor * second;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
    *(vf *)(products + r * width) = sums[0][r];
    if (many > 1) *(vf *)(products + r * width + LANES) = sums[1][r];
  }
}

static void row_products(const float *const *rows, const float *columns, long Dh, long width,
                         float *products) {
  long j = 0;
  for (; j + 2 * LANES <= width; j += 2 * LANES)
    product_block(rows, columns + j, Dh, width, 2, products + j);
  if (j < width) product_block(rows, columns + j, Dh, width, 1, products + j);
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

// rows[j] += sum over r of weights[r][j] * vectors[r].
static void add_outer(const float *weights, const float *const *vectors, long L, long width,
                          long pitch, float *rows) {
  for (long d = 0; d < pitch; d += 2 * LANES) {
    vf low[ROWS], high[ROWS];
    for (int r = 0; r < ROWS; r++) {
      low[r] = *(const vf *)(vectors[r] + d);
      high[r] = *(const vf *)(vectors[r] + d + LANES);
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

// Scores of one query become e^(score - most), of which some are dropped then; returns the sum
// before that. Widths are multiples of LANES.
INLINE float exponentials(float *scores, float most, long width, Drop drop, uint64_t key) {
  vf sums = {0};
  for (int start = 0; start < (int)width; start += LANES) {
    float *own = scores + start;
#pragma omp simd
    for (int j = 0; j < LANES; j++) own[j] = exp_of(own[j] - most);
    sums += *(const vf *)own;
    if (drop.bound)
#pragma omp simd
      for (int j = 0; j < LANES; j++) own[j] *= kept(drop, key, (uint32_t)(start + j));
  }
  return across(sums);
}

// From a query's scores and the gradients of its weights, to the weights that were kept and to the
// gradients of its scores. stats: its greatest score, and 1 / the sum of exponentials.
INLINE void differentiate_row(float *weight, float *change, float *keeps, long width,
                              const float *stats, Drop drop, uint64_t key) {
  float most = stats[0], part = stats[1];
#pragma omp simd
  for (int j = 0; j < ((int)width & -LANES); j++) {
    keeps[j] = kept(drop, key, (uint32_t)j);
    weight[j] = exp_of(weight[j] - most) * part;
    change[j] *= weight[j] * keeps[j];
  }
  float dot = sum_of(change, width);
#pragma omp simd
  for (int j = 0; j < ((int)width & -LANES); j++) {
    change[j] -= dot * weight[j];
    weight[j] *= keeps[j];
  }
}

INLINE vf larger(vf x, vf y) {
  vi is_larger = x > y;
  return (vf)(((vi)x & is_larger) | ((vi)y & ~is_larger));
}

// What makes scores beyond L, all of them in the last vector, too small to matter.
INLINE vf bar_beyond(long L, long width) {
  vf bar = {0};
  for (long j = L; j < width; j++) bar[j - width + LANES] = -1e30f;
  return bar;
}

// The greatest of a query's scores, of which those beyond the text are barred.
INLINE float greatest(float *scores, vf bar, long width) {
  vf *last = (vf *)(scores + width - LANES), most = *last + bar;
  *last = most;
  for (long j = 0; j < width - LANES; j += LANES) most = larger(*(const vf *)(scores + j), most);
  most = larger(most, __builtin_shuffle(most, SWAP_EIGHTS));
  most = larger(most, __builtin_shuffle(most, SWAP_FOURS));
  most = larger(most, __builtin_shuffle(most, SWAP_TWOS));
  return most[0] > most[1] ? most[0] : most[1];
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
  return sizeof(float) * (8 * width * pitch + (2 * ROWS + 1) * width + ROWS * pitch);
}
