#include "kernel.h"

// c = a · b of [rows, inner] by [inner, columns] matrices; sums wrap around as the processor's do.
KERNEL(product_i64, (const Int *a, const Int *b, Int *c, Int rows, Int columns, Int inner)) {
  const Int place = globalThread();
  if (place >= rows * columns) return;
  const Int row = quotient(place, columns), column = place - row * columns;
  UInt sum = 0;
  for (Int i = 0; i < inner; i++) sum += (UInt)a[row * inner + i] * (UInt)b[i * columns + column];
  c[place] = (Int)sum;
}
