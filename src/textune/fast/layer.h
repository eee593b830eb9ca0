// A whole layer of an encoder in one call, for one number format REAL: the kernels of its parts, one
// after the other, without Python between them.
// Shapes: P tokens of B texts, D = H * Dh width, F inner width.

#if HAS_PRODUCTS
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
  float *numbers;  // (P, H, 2) statistics of scores; means and 1 / deviations of both norms, (4, P)
} Kept;

// What the backward pass computes in.
typedef struct {
  REAL *narrow, *product;  // (P, D) each
  REAL *wide;              // (P, the greater of F and 3 D)
  float *parts;            // (PARTS, the greater of F and 4 D)
} Passing;

// What products compute in; see `multiply_over_tokens`.
typedef struct {
  REAL *laid;
  float *sums;
} Laid;

// states (P, D) → out (P, D); `activated` is room for (P, F).
// Returns 1 where attention lacks memory; what is written then counts for nothing.
int FN(layer_forward)(const REAL *states, const Weights *w, const int64_t *borders,
                      const Sizes *s, const Drop *drops, const Kept *k, Laid *laid, REAL *activated,
                      REAL *out, int is_kept, int threads) {
  long P = s->P, D = s->H * s->Dh, F = s->F;
  const Drop *one = drops + 1, *two = drops + 2;
  float *first_mean = k->numbers + 2 * s->H * P, *second_mean = first_mean + 2 * P;
  FN(multiply_rows)(states, w->qkv, laid->laid, s->rooms[0], k->qkv, P, D, 3 * D, 0, 0, threads);
  if (FN(attend_forward)(k->qkv, w->qkv_bias, borders, s->B, s->H, s->Dh, s->factor, k->context,
                         is_kept ? k->numbers : NULL, drops->seed, drops->bound, drops->scale, threads))
    return 1;
  FN(multiply_rows)(k->context, w->attended, laid->laid, s->rooms[1], k->first, P, D, D, 0, 0, threads);
  FN(add_norm_forward)(k->first, w->attended_bias, states, w->first_gain, w->first_shift, s->first_eps,
                       k->middle, first_mean, first_mean + P, P, D, one->seed, one->bound, one->scale,
                       threads);
  FN(multiply_rows)(k->middle, w->inner, laid->laid, s->rooms[2], k->inner, P, D, F, 0, 0, threads);
  FN(gelu_forward)(k->inner, w->inner_bias, activated, P, F, threads);
  FN(multiply_rows)(activated, w->outer, laid->laid, s->rooms[3], k->second, P, F, D, 0, 0, threads);
  FN(add_norm_forward)(k->second, w->outer_bias, k->middle, w->second_gain, w->second_shift,
                       s->second_eps, out, second_mean, second_mean + P, P, D, two->seed, two->bound,
                       two->scale, threads);
  return 0;
}

// From the gradient of what `layer_forward` wrote, (P, D), to that of its states, and of weights and
// small parameters: `small` receives gain, shift and bias of the second norm (3, D), the inner bias
// (F), the same of the first norm (3, D), and the bias of queries, keys and values (3, D).
int FN(layer_backward)(const REAL *grad, const REAL *states, const Weights *w, const int64_t *borders,
                       const Sizes *s, const Drop *drops, const Kept *k, const Passing *p, Laid *laid,
                       const Gradients *to, float *small, REAL *out, int threads) {
  long P = s->P, D = s->H * s->Dh, F = s->F;
  const Drop *one = drops + 1, *two = drops + 2;
  float *first_mean = k->numbers + 2 * s->H * P, *second_mean = first_mean + 2 * P;
  REAL *onto = p->narrow, *dcontext = p->narrow, *dinner = p->wide, *dqkv = p->wide;
  float *inner_bias = small + 3 * D, *first = inner_bias + F, *qkv_bias = first + 3 * D;
  FN(add_norm_backward)(grad, k->second, second_mean, second_mean + P, w->second_gain, onto, p->product,
                        small, p->parts, P, D, two->seed, two->bound, two->scale, threads);
  FN(multiply_rows)(p->product, w->outer, laid->laid, s->turned[3], dinner, P, D, F, 1, 0, threads);
  FN(gelu_backward)(k->inner, w->inner_bias, dinner, inner_bias, p->parts, P, F, threads);
  if (to->outer)
    FN(multiply_over_tokens)(p->product, k->inner, laid->laid, laid->sums, to->outer, P, D, F,
                             to->onto[3], threads);
  if (to->inner)
    FN(multiply_over_tokens)(dinner, k->middle, laid->laid, laid->sums, to->inner, P, F, D,
                             to->onto[2], threads);
  FN(multiply_rows)(dinner, w->inner, laid->laid, s->turned[2], onto, P, F, D, 1, 1, threads);
  FN(add_norm_backward)(onto, k->first, first_mean, first_mean + P, w->first_gain, out, p->product,
                        first, p->parts, P, D, one->seed, one->bound, one->scale, threads);
  if (to->attended)
    FN(multiply_over_tokens)(p->product, k->context, laid->laid, laid->sums, to->attended, P, D, D,
                             to->onto[1], threads);
  FN(multiply_rows)(p->product, w->attended, laid->laid, s->turned[1], dcontext, P, D, D, 1, 0, threads);
  if (FN(attend_backward)(k->qkv, w->qkv_bias, dcontext, borders, s->B, s->H, s->Dh, s->factor,
                          k->numbers, dqkv, drops->seed, drops->bound, drops->scale, threads))
    return 1;
  FN(column_sums)(dqkv, qkv_bias, p->parts, P, 3 * D, threads);
  if (to->qkv)
    FN(multiply_over_tokens)(dqkv, states, laid->laid, laid->sums, to->qkv, P, 3 * D, D,
                             to->onto[0], threads);
  FN(multiply_rows)(dqkv, w->qkv, laid->laid, s->turned[0], out, P, 3 * D, D, 1, 1, threads);
  return 0;
}
#endif
