#include <cblas.h>
#include <stddef.h>

// LAPACK's routines in OpenBLAS, by the calling convention of gfortran: arrays in column order, the lengths of texts last.
void dpotrf_(const char *triangle, const int *n, double *a, const int *lda, int *info, size_t triangle_length);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
void dgetrs_(
    const char *transposed, const int *n, const int *columns, const double *a, const int *lda, const int *pivots,
    double *b, const int *ldb, int *info, size_t transposed_length);
void dgeqrf_(
    const int *m, const int *n, double *a, const int *lda, double *reflections, double *work, const int *work_count,
    int *info);
void dorgqr_(
    const int *m, const int *n, const int *k, double *a, const int *lda, const double *reflections, double *work,
    const int *work_count, int *info);
void dgesdd_(
    const char *vectors, const int *m, const int *n, double *a, const int *lda, double *values, double *u, const int *ldu,
    double *vt, const int *ldvt, double *work, const int *work_count, int *integers, int *info, size_t vectors_length);
void dsyevd_(
    const char *vectors, const char *triangle, const int *n, double *a, const int *lda, double *values, double *work,
    const int *work_count, int *integers, const int *integer_count, int *info, size_t vectors_length,
    size_t triangle_length);
