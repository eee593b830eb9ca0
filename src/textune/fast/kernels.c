// Everything between two matrix products of an encoder, fused; compiled once for fp32 and once for
// bf16 (HALF), so that both can be compiled at the same time.
#include "common.h"
#include "blocks.h"

#if HALF
#define REAL bf16
#define FN(name) name##_bf16
#define GET get_bf16
#define TAKE take_bf16
#define PUT put_bf16
#else
#define REAL float
#define FN(name) name##_f32
#define GET get_f32
#define TAKE take_f32
#define PUT put_f32
#include "update.h"
#endif

#include "products.h"
#if TILES
#include "attend_tiles.h"
#endif

#include "attend.h"
#include "first_tokens.h"
#include "rows.h"
#include "layer.h"
