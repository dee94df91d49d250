// Matrix products whose factors are read where they lie: packing them costs as much as it saves, while they are in a
// cache and their rows do not lie on each other's lines of it.
#include "product.h"

#define UNITS DT_PRODUCT_UNITS

#if defined(__x86_64__) && defined(__linux__)
#include "product_vectors.h"

// Units that are asked for ahead of their use.
#define DISTANCE 12

#pragma clang attribute push(FOR_AVX512, apply_to = function)

// What the tiles of a product have in common. Element (i, k) of a tile's rows is r[i * row_step + k] where k lies along
// memory, else r[i + k * row_step]; element (k, j) of its columns is p[k * column_step + j].
typedef struct {
  size_t units, row_step, column_step;
} layout;

// Where a tile goes, and what is added to it, which may be NULL; with the steps from row to row.
typedef struct {
  float *data;
  size_t stride;
  const float *addend;
  size_t addend_stride;
} target;

// What a tile fetches into the cache while it computes: line u is at data[u % 16 * step + u / 16 * 16].
typedef struct {
  const float *data;
  size_t step;
} ahead;

typedef void tile_kernel(const layout *l, const float *r, const float *p, size_t columns, target c, ahead next);

// The part of a product's result from (row, column) on, for the units from `start` on.
INLINE target result_at(const dt_product *p, float *c, size_t start, size_t row, size_t column) {
  target t = {c, p->result_stride, p->addend, p->addend_stride};
  if (start > 0) t.addend = c, t.addend_stride = p->result_stride;
  t.data += row * t.stride + column;
  if (t.addend) t.addend += row * t.addend_stride + column;
  return t;
}

// Up to WIDTH rows by WIDTH columns of the result, added up in registers. A transposed tile's rows are the result's
// columns.
INLINE void tile(size_t rows, bool along, bool transposed, const layout *l, const float *r, const float *p,
                 size_t columns, target c, ahead next) {
  const size_t row_step = l->row_step, column_step = l->column_step;
  vector sum[WIDTH] = {};
  UNROLLED for (size_t i = 0; i < WIDTH; i++)
    if (i < (transposed ? columns : rows)) __builtin_prefetch(c.data + i * c.stride, 1, 3);
  // With one to three steps from each of them, the addresses of 16 rows.
  const float *q[4] = {r, r + 4 * row_step, r + 8 * row_step, r + 12 * row_step};
  for (size_t u = 0; u < l->units; u++) {
    if (along) {
      __builtin_prefetch(next.data + u % 16 * next.step + u / 16 * 16, 0, 2);
      // Otherwise the compiler keeps all 16, for which there are not the registers.
      __asm__("" : "+r"(q[0]), "+r"(q[1]), "+r"(q[2]), "+r"(q[3]));
    } else {
      __builtin_prefetch(r + DISTANCE * row_step);
    }
    __builtin_prefetch(p + DISTANCE * column_step);
    const vector column = load_first(p, columns);
    UNROLLED for (size_t i = 0; i < rows; i++) {
      const float x = along ? q[i / 4][i % 4 * row_step] : r[i];
      sum[i] = __builtin_elementwise_fma((vector)x, column, sum[i]);
    }
    UNROLLED for (int i = 0; i < 4; i++) q[i]++;
    r += row_step;
    p += column_step;
  }
  if (transposed) transpose(sum);
  const size_t count = transposed ? columns : rows, width = transposed ? rows : columns;
  UNROLLED for (size_t i = 0; i < (transposed ? WIDTH : rows); i++)
    if (i < count) store_first(c.data + i * c.stride, sum[i], width, c.addend ? c.addend + i * c.addend_stride : NULL);
}

// Tiles of sizes that the compiler knows, so that the sums stay in registers.
#define TILE(name, n, along, transposed)                                                                              \
  static void name##_##n(const layout *l, const float *r, const float *p, size_t columns, target c, ahead next) {     \
    tile(n, along, transposed, l, r, p, columns, c, next);                                                            \
  }
#define TILES(n) TILE(across, n, false, false) TILE(along, n, true, false) TILE(transposed, n, true, true)
#define OF_ROWS(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15) f(16)
OF_ROWS(TILES)
#define ACROSS(n) across_##n,
#define ALONG(n) along_##n,
#define TRANSPOSED(n) transposed_##n,
static tile_kernel *const across[] = {OF_ROWS(ACROSS)};
static tile_kernel *const along[] = {OF_ROWS(ALONG)};
static tile_kernel *const transposed[] = {OF_ROWS(TRANSPOSED)};

// Rows of a tile, so that tiles share them out evenly.
INLINE size_t share(size_t count) {
  const size_t tiles = (count + WIDTH - 1) / WIDTH;
  return (count + tiles - 1) / tiles;
}

// Up to WIDTH columns with k along memory, as a panel [unit, WIDTH] filled up with zeros.
static void pack(const float *x, size_t step, size_t columns, size_t units, float *panel) {
  for (size_t u = 0; u < units; u += WIDTH) {
    vector block[WIDTH];
    UNROLLED for (size_t i = 0; i < WIDTH; i++)
      block[i] = i < columns ? load_first(x + i * step + u, units - u) : (vector)0;
    transpose(block);
    for (size_t i = 0; i < WIDTH && u + i < units; i++) *(vector *)(panel + (u + i) * WIDTH) = block[i];
  }
}

// op(a) * b: a panel of b's columns stays in the first-level cache while rows pass.
static void times(const dt_product *p, const float *a, const float *b, float *c, size_t start, size_t units) {
  const layout l = {units, p->first_stride, p->second_stride};
  const size_t rows = share(p->rows);
  for (size_t j = 0; j < p->columns; j += WIDTH)
    for (size_t i = 0; i < p->rows; i += rows) {
      const size_t count = smaller(rows, p->rows - i);
      const float *r = p->transposes_first ? a + i + start * p->first_stride : a + i * p->first_stride + start;
      ahead next = {a, 0};
      if (j == 0 && i + rows + WIDTH <= p->rows) next = (ahead){r + rows * p->first_stride, p->first_stride};
      tile_kernel *kernel = (p->transposes_first ? across : along)[count - 1];
      kernel(&l, r, b + j + start * p->second_stride, smaller(WIDTH, p->columns - j), result_at(p, c, start, i, j), next);
    }
}

// op(a) * transposed b, whose rows, with k along them, are those of tiles; tiles' columns are the rows of op(a). They
// are packed where k lies along them, too, for a vector takes one k of all of them.
static void times_transposed(const dt_product *p, const float *a, const float *b, float *c, float *panels, size_t start,
                             size_t units) {
  const bool packs = !p->transposes_first;
  const layout l = {units, p->second_stride, packs ? WIDTH : p->first_stride};
  const size_t rows = share(p->columns);
  for (size_t j = 0; j < p->columns; j += rows) {
    tile_kernel *kernel = transposed[smaller(rows, p->columns - j) - 1];
    const float *r = b + j * p->second_stride + start;
    for (size_t i = 0; i < p->rows; i += WIDTH) {
      const size_t columns = smaller(WIDTH, p->rows - i);
      const float *panel = packs ? panels + i * units : a + i + start * p->first_stride;
      ahead next = {b, 0};
      if (packs && j == 0) {
        const float *x = a + i * p->first_stride + start;
        pack(x, p->first_stride, columns, units, panels + i * units);
        if (i + 2 * WIDTH <= p->rows) next = (ahead){x + WIDTH * p->first_stride, p->first_stride};
      }
      // The next rows of b, while the last tile packs nothing more.
      const size_t place = j == 0 && packs ? (p->rows - 1) / WIDTH * WIDTH : 0;
      if (next.step == 0 && i == place && j + rows + WIDTH <= p->columns)
        next = (ahead){r + rows * p->second_stride, p->second_stride};
      kernel(&l, r, panel, columns, result_at(p, c, start, i, j), next);
    }
  }
}

static void product_in_place(const dt_product *p, const float *a, const float *b, float *c, void *workspace) {
  for (size_t start = 0; start < p->inner; start += UNITS) {
    const size_t units = smaller(UNITS, p->inner - start);
    if (p->transposes_second)
      times_transposed(p, a, b, c, workspace, start, units);
    else
      times(p, a, b, c, start, units);
  }
}
#pragma clang attribute pop

dt_product_kernel *dt_product_in_place(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4") ? product_in_place : NULL;
}

#else

dt_product_kernel *dt_product_in_place(void) { return NULL; }

#endif

size_t dt_product_in_place_workspace(const dt_product *p) {
  if (!p->transposes_second || p->transposes_first) return 0;
  return (p->rows + 15) / 16 * 16 * (p->inner < UNITS ? p->inner : UNITS) * sizeof(float);
}
