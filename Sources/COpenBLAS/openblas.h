#include <cblas.h>
#include <stddef.h>

// LAPACK's routines in OpenBLAS, by the calling convention of gfortran: arrays in column order, the lengths of texts last.
void dpotrf_(const char *triangle, const int *n, double *a, const int *lda, int *info, size_t triangle_length);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
void dgetrs_(
    const char *transposed, const int *n, const int *columns, const double *a, const int *lda, const int *pivots,
    double *b, const int *ldb, int *info, size_t transposed_length);
