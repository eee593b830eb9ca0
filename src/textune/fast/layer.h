// A whole layer of an encoder in one call, for one number format REAL: the kernels of its parts, one
// after the other. Twenty calls from Python, and as many tensors, cost a tenth of a small layer's time.
// Shapes: P tokens of B texts, D = H * Dh width, F inner width.

#if HAS_PRODUCTS
#define PIECE 64  // bytes, of which a piece of memory is a multiple

typedef struct {
  int64_t B, P, H, Dh, F;
  int64_t rooms[4];  // of `multiply_rows`, in numbers: D → 3 D, D → D, D → F, F → D
  int64_t turned[4];  // and of the same products by columns
  float factor, first_eps, second_eps;
} Sizes;

typedef struct {
  const REAL *qkv, *attended, *inner, *outer;
  const float *qkv_bias, *attended_bias, *inner_bias, *outer_bias;
  const float *first_gain, *first_shift, *second_gain, *second_shift;
} Weights;

// Where gradients of the weights are written, or added; nowhere where they are frozen.
typedef struct {
  REAL *qkv, *attended, *inner, *outer;
  int64_t onto[4];
} Gradients;

// What the backward pass needs of the forward pass.
typedef struct {
  REAL *qkv, *context, *first, *middle, *inner, *second;
  float *stats, *first_mean, *first_rstd, *second_mean, *second_rstd;
} Kept;

// What the backward pass computes in.
typedef struct {
  REAL *onto, *product, *dinner, *dqkv, *dcontext;
  float *parts;
} Passing;

// What products compute in; see `multiply_over_tokens`.
typedef struct {
  REAL *laid;
  float *sums;
} Laid;

INLINE void *piece(char **at, long bytes) {
  char *found = *at;
  *at += (bytes + PIECE - 1) / PIECE * PIECE;
  return found;
}

INLINE Kept kept_at(char **at, const Sizes *s) {
  long P = s->P, D = s->H * s->Dh, of_states = P * D * sizeof(REAL), of_rows = P * sizeof(float);
  Kept found;
  found.qkv = piece(at, 3 * of_states);
  found.context = piece(at, of_states);
  found.first = piece(at, of_states);
  found.middle = piece(at, of_states);
  found.inner = piece(at, P * s->F * sizeof(REAL));
  found.second = piece(at, of_states);
  found.stats = piece(at, 2 * s->H * of_rows);
  found.first_mean = piece(at, of_rows);
  found.first_rstd = piece(at, of_rows);
  found.second_mean = piece(at, of_rows);
  found.second_rstd = piece(at, of_rows);
  return found;
}

INLINE Passing passing_at(char **at, const Sizes *s) {
  long D = s->H * s->Dh, of_states = s->P * D * sizeof(REAL), wide = s->F > 4 * D ? s->F : 4 * D;
  Passing found;
  found.onto = piece(at, of_states);
  found.product = piece(at, of_states);
  found.dinner = piece(at, s->P * s->F * sizeof(REAL));
  found.dqkv = piece(at, 3 * of_states);
  found.dcontext = piece(at, of_states);
  found.parts = piece(at, PARTS * wide * sizeof(float));
  return found;
}

// Bytes that a forward pass keeps, and that a backward pass takes.
int64_t FN(layer_room)(const Sizes *sizes, int is_backward, int threads) {
  (void)threads;
  char *start = NULL, *at = start;
  if (is_backward)
    passing_at(&at, sizes);
  else
    kept_at(&at, sizes);
  return at - start;
}

// states (P, D) → out (P, D). `memory` has the room of a forward pass, `activated` is room for (P, F).
// Returns 1 where attention lacks memory; what is written then counts for nothing.
int FN(layer_forward)(const REAL *states, const Weights *w, const int64_t *borders,
                      const Sizes *s, const Drop *drops, char *memory, Laid *laid, REAL *activated,
                      REAL *out, int is_kept, int threads) {
  long P = s->P, D = s->H * s->Dh, F = s->F;
  const Drop *one = drops + 1, *two = drops + 2;
  Kept k = kept_at(&memory, s);
  FN(multiply_rows)(states, w->qkv, laid->laid, s->rooms[0], k.qkv, P, D, 3 * D, 0, 0, threads);
  if (FN(attend_forward)(k.qkv, w->qkv_bias, borders, s->B, s->H, s->Dh, s->factor, k.context,
                         is_kept ? k.stats : NULL, drops->seed, drops->bound, drops->scale, threads))
    return 1;
  FN(multiply_rows)(k.context, w->attended, laid->laid, s->rooms[1], k.first, P, D, D, 0, 0, threads);
  FN(add_norm_forward)(k.first, w->attended_bias, states, w->first_gain, w->first_shift, s->first_eps,
                       k.middle, k.first_mean, k.first_rstd, P, D, one->seed, one->bound, one->scale,
                       threads);
  FN(multiply_rows)(k.middle, w->inner, laid->laid, s->rooms[2], k.inner, P, D, F, 0, 0, threads);
  FN(gelu_forward)(k.inner, w->inner_bias, activated, P, F, threads);
  FN(multiply_rows)(activated, w->outer, laid->laid, s->rooms[3], k.second, P, F, D, 0, 0, threads);
  FN(add_norm_forward)(k.second, w->outer_bias, k.middle, w->second_gain, w->second_shift,
                       s->second_eps, out, k.second_mean, k.second_rstd, P, D, two->seed, two->bound,
                       two->scale, threads);
  return 0;
}

// From the gradient of what `layer_forward` wrote, (P, D), to that of its states, and of weights and
// small parameters: `small` receives gain, shift and bias of the second norm (3, D), the inner bias
// (F), the same of the first norm (3, D), and the bias of queries, keys and values (3, D).
int FN(layer_backward)(const REAL *grad, const REAL *states, const Weights *w, const int64_t *borders,
                       const Sizes *s, const Drop *drops, char *memory, char *passing, Laid *laid,
                       const Gradients *to, float *small, REAL *out, int threads) {
  long P = s->P, D = s->H * s->Dh, F = s->F;
  const Drop *one = drops + 1, *two = drops + 2;
  Kept k = kept_at(&memory, s);
  Passing p = passing_at(&passing, s);
  float *inner_bias = small + 3 * D, *first = inner_bias + F, *qkv_bias = first + 3 * D;
  FN(add_norm_backward)(grad, k.second, k.second_mean, k.second_rstd, w->second_gain, p.onto, p.product,
                        small, p.parts, P, D, two->seed, two->bound, two->scale, threads);
  FN(multiply_rows)(p.product, w->outer, laid->laid, s->turned[3], p.dinner, P, D, F, 1, 0, threads);
  FN(gelu_backward)(k.inner, w->inner_bias, p.dinner, inner_bias, p.parts, P, F, threads);
  if (to->outer)
    FN(multiply_over_tokens)(p.product, k.inner, laid->laid, laid->sums, to->outer, P, D, F,
                             to->onto[3], threads);
  if (to->inner)
    FN(multiply_over_tokens)(p.dinner, k.middle, laid->laid, laid->sums, to->inner, P, F, D,
                             to->onto[2], threads);
  FN(multiply_rows)(p.dinner, w->inner, laid->laid, s->turned[2], p.onto, P, F, D, 1, 1, threads);
  FN(add_norm_backward)(p.onto, k.first, k.first_mean, k.first_rstd, w->first_gain, out, p.product,
                        first, p.parts, P, D, one->seed, one->bound, one->scale, threads);
  if (to->attended)
    FN(multiply_over_tokens)(p.product, k.context, laid->laid, laid->sums, to->attended, P, D, D,
                             to->onto[1], threads);
  FN(multiply_rows)(p.product, w->attended, laid->laid, s->turned[1], p.dcontext, P, D, D, 1, 0, threads);
  if (FN(attend_backward)(k.qkv, w->qkv_bias, p.dcontext, borders, s->B, s->H, s->Dh, s->factor,
                          k.stats, p.dqkv, drops->seed, drops->bound, drops->scale, threads))
    return 1;
  FN(column_sums)(p.dqkv, qkv_bias, p.parts, P, 3 * D, threads);
  if (to->qkv)
    FN(multiply_over_tokens)(p.dqkv, states, laid->laid, laid->sums, to->qkv, P, 3 * D, D,
                             to->onto[0], threads);
  FN(multiply_rows)(p.dqkv, w->qkv, laid->laid, s->turned[0], out, P, 3 * D, D, 1, 1, threads);
  return 0;
}
#endif
