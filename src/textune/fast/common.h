// What the kernels share: number formats, an exponential, random bits.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES 16  // floats in a vector; narrower processors take it in halves or quarters

typedef uint16_t bf16;
typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));

INLINE float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

INLINE uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

INLINE float get_f32(const float *at) { return *at; }
INLINE void put_f32(float *at, float x) { *at = x; }
INLINE float get_bf16(const bf16 *at) { return float_of((uint32_t)*at << 16); }

// A vector of either format, from wherever it stands.
INLINE vf take_f32(const float *at) {
  vf x;
  memcpy(&x, at, sizeof x);
  return x;
}
INLINE vf take_bf16(const bf16 *at) {
  vu bits;
  for (int i = 0; i < LANES; i++) bits[i] = (uint32_t)at[i] << 16;
  return (vf)bits;
}

INLINE void add_f32(float *at, vf x) {
  x += take_f32(at);
  memcpy(at, &x, sizeof x);
}

// Round to nearest, ties to even; not-a-number stays one.
INLINE void put_bf16(bf16 *at, float x) {
  uint32_t bits = bits_of(x);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  *at = (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0 : (bf16)rounded;
}

// Lanes that change places by eight, four or two.
#define SWAP_EIGHTS ((vi){8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7})
#define SWAP_FOURS ((vi){4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11})
#define SWAP_TWOS ((vi){2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13})

// The sum of all lanes, in pairs: one lane after the other would take four times as long.
INLINE float across(vf x) {
  x += __builtin_shuffle(x, SWAP_EIGHTS);
  x += __builtin_shuffle(x, SWAP_FOURS);
  x += __builtin_shuffle(x, SWAP_TWOS);
  return x[0] + x[1];
}

// The sum of `width` floats, a multiple of LANES, that begin where a vector may.
INLINE float sum_of(const float *from, long width) {
  vf sums = {0};
  for (long j = 0; j < width; j += LANES) sums += *(const vf *)(from + j);
  return across(sums);
}

// e^x to about 1e-7 of its value: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Taylor's, of
// degree 7; the argument is reduced in two parts, after Cody and Waite, 1980).
INLINE float exp_of(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * float_of((uint32_t)((int32_t)n + 127) << 23);
}

// The normal distribution up to x, by erf to 1.5e-7 (Abramowitz and Stegun, 1964, 7.1.26), and its
// density, which needs the same exponential.
INLINE float normal(float x, float *density) {
  float a = fabsf(x) * 0.70710678f, e = exp_of(-0.5f * x * x);
  float t = 1.0f / (1.0f + 0.3275911f * a);
  float poly = t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f +
               t * (-1.453152027f + t * 1.061405429f))));
  float tail = 0.5f * poly * e;  // beyond |x|
  *density = 0.39894228f * e;
  return x > 0 ? 1.0f - tail : tail;
}

// Steele, Lea and Flood, 2014 (SplitMix64): one key becomes many that do not resemble each other.
INLINE uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

INLINE uint64_t key_of(uint64_t seed, uint64_t row) { return mix(seed ^ mix(row)); }

// 32 bits of element `at` of a row, whenever and by whichever thread they are computed: a
// multiplicative hash of two rounds, with half of the row's key before each.
INLINE uint32_t bits_at(uint64_t key, uint32_t at) {
  uint32_t x = at * 0x9e3779b1u + (uint32_t)key;
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= (uint32_t)(key >> 32);
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

// Dropout: an element whose bits lie below `bound` is dropped, the others are scaled by `scale`.
typedef struct {
  uint64_t seed;
  uint32_t bound;  // rate * 2^32; 0: nothing is dropped
  float scale;     // 1 / (1 - rate)
} Drop;

INLINE float kept(Drop drop, uint64_t key, uint32_t at) {
  return bits_at(key, at) < drop.bound ? 0.0f : drop.scale;
}
