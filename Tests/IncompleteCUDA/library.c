// A library that has the first function of cuBLAS that is used, and no other.
int cublasCreate_v2(void **handle) {
  *handle = 0;
  return 0;
}
