// Everything between two matrix products of an encoder, fused; once for fp32 and once for bf16.
#include "common.h"
#include "blocks.h"

#define REAL float
#define FN(name) name##_f32
#define GET get_f32
#define PUT put_f32
#include "attend.h"
#include "firsts.h"
#include "rows.h"
#undef REAL
#undef FN
#undef GET
#undef PUT

#define REAL bf16
#define FN(name) name##_bf16
#define GET get_bf16
#define PUT put_bf16
#include "attend.h"
#include "firsts.h"
#include "rows.h"

#include "update.h"
