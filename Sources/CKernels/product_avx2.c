// Matrix products for processors with AVX2: tiles of 6 x 16 sums in 12 of the 16 registers (K. Goto, R. van de Geijn,
// "Anatomy of high-performance matrix multiplication", 2008). As many columns as half of a second-level cache holds are
// packed; rows pass by them, read where they lie if k lies along memory.
#include "product.h"

#define UNITS DT_PRODUCT_UNITS
// Floats of columns that are packed at a time: half of a second-level cache.
#define RESIDENT ((size_t)64 << 10)
// Room for the rows of one tile.
#define ROW_PANEL (UNITS * 8)

const size_t dt_product_avx2_workspace = (RESIDENT + ROW_PANEL) * sizeof(float);

#if defined(__x86_64__) && defined(__linux__)
#include "product_vectors_avx2.h"

// A tile has ROWS x VECTORS vectors.
#define ROWS 6
#define VECTORS 2
#define PANEL (VECTORS * WIDTH)
// Panels that are packed together, so that memory is read in long pieces.
#define GROUP 8
// Floats in a line of the cache.
#define LINE 16
// Units of columns that are asked for ahead of their use.
#define DISTANCE 16

#pragma clang attribute push(FOR_AVX2, apply_to = function)

// An operand seen as [count, inner]: element (i, k) is data[i * across + k * along]; one of the two steps is 1.
typedef struct {
  const float *data;
  size_t count, across, along;
} operand;

// Where tiles go. A transposed result is [columns, rows] in memory: its rows are the tiles' columns.
typedef struct {
  float *data;
  size_t stride;
  // What is added to a tile, laid out as the result with a stride of its own; may be NULL.
  const float *addend;
  size_t addend_stride;
  bool transposed;
} target;

// From the result's element (row, column) on.
INLINE target at(target c, size_t row, size_t column) {
  c.data += row * c.stride + column;
  if (c.addend) c.addend += row * c.addend_stride + column;
  return c;
}

INLINE void store(target c, vector x, size_t n) { store_first(c.data, x, n, c.addend); }

// Rows that a tile fetches into the cache while it computes, from `data` on and `step` apart.
typedef struct {
  const float *data;
  size_t step;
} ahead;

typedef void tile_kernel(size_t units, const float *r, size_t row_step, const float *panel, size_t columns, target c,
                         ahead next);

// Up to ROWS rows by PANEL columns of the result, added up in registers. Element (i, k) of the rows is
// r[i * row_step + k] where k lies along memory, else r[k * WIDTH + i].
INLINE void tile(size_t rows, bool along, size_t units, const float *r, size_t row_step, const float *panel,
                 size_t columns, target c, ahead next) {
  vector sum[ROWS][VECTORS] = {};
  if (!c.transposed) UNROLLED for (size_t i = 0; i < rows; i++) __builtin_prefetch(c.data + i * c.stride, 1, 3);
  for (size_t u = 0; u < units;) {
    UNROLLED for (size_t i = 0; i < ROWS; i++) __builtin_prefetch(next.data + i * next.step + u, 0, 2);
    for (const size_t end = smaller(u + LINE, units); u < end; u++) {
      __builtin_prefetch(panel + DISTANCE * PANEL);
      const vector column[VECTORS] = {*(const vector *)panel, *(const vector *)(panel + WIDTH)};
      UNROLLED for (size_t i = 0; i < rows; i++) {
        vector x = (vector)r[along ? i * row_step : i];
        // Otherwise the compiler loads all rows before it multiplies, for which there are not the registers.
        __asm__("" : "+x"(x));
        UNROLLED for (size_t j = 0; j < VECTORS; j++) sum[i][j] = __builtin_elementwise_fma(x, column[j], sum[i][j]);
      }
      r += along ? 1 : WIDTH;
      panel += PANEL;
    }
  }
  UNROLLED for (size_t j = 0; j < VECTORS; j++) {
    const size_t first = j * WIDTH;
    if (first >= columns) continue;
    if (c.transposed) {
      vector block[WIDTH];
      UNROLLED for (size_t i = 0; i < WIDTH; i++) block[i] = i < rows ? sum[i][j] : (vector)0;
      transpose(block);
      for (size_t i = 0; i < WIDTH && first + i < columns; i++)
        store(at(c, first + i, 0), block[i], rows);
    } else {
      UNROLLED for (size_t i = 0; i < rows; i++)
        store(at(c, i, first), sum[i][j], columns - first);
    }
  }
}

// Tiles of sizes that the compiler knows, so that the sums stay in registers.
#define TILE(name, n, along)                                                                                          \
  static void name##_##n(size_t units, const float *r, size_t row_step, const float *panel, size_t columns, target c, \
                         ahead next) {                                                                                \
    tile(n, along, units, r, row_step, panel, columns, c, next);                                                      \
  }
#define TILES(n) TILE(along, n, true) TILE(across, n, false)
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
static tile_kernel *const along[] = {along_1, along_2, along_3, along_4, along_5, along_6};
static tile_kernel *const across[] = {across_1, across_2, across_3, across_4, across_5, across_6};

// Columns, as panels [unit, PANEL] one after the other, the last filled up with zeros.
static void pack_columns(const operand *c, const float *data, size_t columns, size_t units, float *out) {
  const size_t end = (columns + PANEL - 1) / PANEL * PANEL;
  if (c->along == 1) {
    for (size_t j = 0; j < end; j += WIDTH) {
      float *panel = out + j / PANEL * PANEL * units + j % PANEL;
      for (size_t u = 0; u < units; u += WIDTH) {
        vector block[WIDTH];
        UNROLLED for (size_t i = 0; i < WIDTH; i++)
          block[i] = j + i < columns ? load_first(data + (j + i) * c->across + u, units - u) : (vector)0;
        transpose(block);
        for (size_t i = 0; i < WIDTH && u + i < units; i++) *(vector *)(panel + (u + i) * PANEL) = block[i];
      }
    }
    return;
  }
  for (size_t group = 0; group < end; group += GROUP * PANEL) {
    const size_t stop = smaller(group + GROUP * PANEL, end);
    for (size_t u = 0; u < units; u++)
      for (size_t j = group; j < stop; j += WIDTH)
        *(vector *)(out + j / PANEL * PANEL * units + u * PANEL + j % PANEL) =
            j < columns ? load_first(data + u * c->along + j, columns - j) : (vector)0;
  }
}

// The rows of a tile, neighbours in memory, as [unit, WIDTH].
static void pack_rows(const float *x, size_t along, size_t rows, size_t units, float *out) {
  for (size_t u = 0; u < units; u++) *(vector *)(out + u * WIDTH) = load_first(x + u * along, rows);
}

// All rows, by `width` columns that are packed.
static void pass_rows(const operand *rows, size_t start, size_t units, const float *panels, size_t width, target c,
                      float *row_panel) {
  const bool in_place = rows->along == 1;
  for (size_t i = 0; i < rows->count; i += ROWS) {
    const size_t count = smaller(ROWS, rows->count - i);
    const float *r = rows->data + i * rows->across + start * rows->along;
    ahead next = {panels, 0};
    if (in_place && i + 2 * ROWS <= rows->count) next = (ahead){r + ROWS * rows->across, rows->across};
    if (!in_place) {
      pack_rows(r, rows->along, count, units, row_panel);
      r = row_panel;
    }
    for (size_t j = 0; j < width; j += PANEL) {
      const target here = c.transposed ? at(c, j, i) : at(c, i, j);
      (in_place ? along : across)[count - 1](units, r, rows->across, panels + j * units, smaller(PANEL, width - j),
                                             here, next);
      next = (ahead){panels, 0};
    }
  }
}

static void product_avx2(const dt_product *p, const float *a, const float *b, float *c, void *workspace) {
  const operand first = {a, p->rows, p->transposes_first ? 1 : p->first_stride,
                         p->transposes_first ? p->first_stride : 1};
  const operand second = {b, p->columns, p->transposes_second ? p->second_stride : 1,
                          p->transposes_second ? 1 : p->second_stride};
  // Columns with k along memory are transposed to be packed: so let them be those of the smaller operand.
  const bool transposed = p->transposes_second && (p->transposes_first || p->rows < p->columns);
  const operand rows = transposed ? second : first, columns = transposed ? first : second;
  float *panels = workspace;
  for (size_t start = 0; start < p->inner; start += UNITS) {
    const size_t units = smaller(UNITS, p->inner - start), chunk = RESIDENT / units / PANEL * PANEL;
    for (size_t j = 0; j < columns.count; j += chunk) {
      const size_t width = smaller(chunk, columns.count - j);
      pack_columns(&columns, columns.data + j * columns.across + start * columns.along, width, units, panels);
      target t = {c, p->result_stride, p->addend, p->addend_stride, transposed};
      if (start > 0) t.addend = c, t.addend_stride = p->result_stride;
      pass_rows(&rows, start, units, panels, width, transposed ? at(t, j, 0) : at(t, 0, j), panels + RESIDENT);
    }
  }
}
#pragma clang attribute pop

dt_product_kernel *dt_product_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v3") ? product_avx2 : NULL;
}

#else

dt_product_kernel *dt_product_avx2(void) { return NULL; }

#endif
