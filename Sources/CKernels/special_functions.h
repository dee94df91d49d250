// Functions of double precision that the C library lacks, for the processor and, as text for NVRTC, for GPUs.
#ifndef CKERNELS_SPECIAL_FUNCTIONS_H
#define CKERNELS_SPECIAL_FUNCTIONS_H

// kernel.h, which GPUs' code includes before this, has defined it there.
#ifndef DEVICE
#include <math.h>
#define DEVICE static
#endif

// The inverse of erf: a rational function, and two steps of Newton's method, as PyTorch's (after "Inverse of the error
// function" of P. Acklam).
DEVICE double inverse_erf(double y) {
  const double size = fabs(y);
  if (!(size < 1)) return size == 1 ? copysign(1 / 0.0, y) : nan("");
  double x;
  if (size <= 0.7) {
    const double z = y * y;
    const double top = ((-0.140543331 * z + 0.914624893) * z - 1.645349621) * z + 0.886226899;
    const double bottom = (((0.012229801 * z - 0.329097515) * z + 1.442710462) * z - 2.118377725) * z + 1;
    x = y * top / bottom;
  } else {
    const double z = sqrt(-log((1 - size) / 2));
    const double top = ((1.641345311 * z + 3.429567803) * z - 1.624906493) * z - 1.970840454;
    x = copysign(top / ((1.637067800 * z + 3.543889200) * z + 1), y);
  }
  for (int step = 0; step < 2; step++) x -= (erf(x) - y) / (2 / 1.77245385090551602730 * exp(-x * x));
  return x;
}

// The slope of the logarithm of the gamma function: the recurrence up to 10, and the asymptotic series from there, as in Cephes
// (S. Moshier) and PyTorch.
DEVICE double digamma(double x) {
  const double pi = 3.14159265358979323846;
  if (x == 0) return copysign(1 / 0.0, -x);
  double sum = 0;
  if (x < 0) {
    if (x == floor(x)) return nan("");
    sum = -pi / tan(pi * (x - trunc(x)));
    x = 1 - x;
  }
  for (; x < 10; x++) sum -= 1 / x;
  const double z = x < 1e17 ? 1 / (x * x) : 0;
  double series = 1.0 / 12;
  series = series * z - 691.0 / 32760;
  series = series * z + 1.0 / 132;
  series = series * z - 1.0 / 240;
  series = series * z + 1.0 / 252;
  series = series * z - 1.0 / 120;
  series = series * z + 1.0 / 12;
  return sum + log(x) - 0.5 / x - z * series;
}

// The sum of (q + k)^-s over k from 0 on, for s > 1 and q > 0: the first terms, and the formula of Euler and Maclaurin for the
// others, as in Cephes and PyTorch.
DEVICE double positive_zeta(double s, double q) {
  // (2 k)! / B(2 k), for Bernoulli's numbers B
  const double divisors[] = {
    12, -720, 30240, -1209600, 47900160, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
    1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
  };
  double term = pow(q, -s), sum = term;
  int count = 0;
  do {
    term = pow(++q, -s);
    sum += term;
    if (term < 0x1p-53 * sum) return sum;
  } while (++count < 9 || q <= 9);
  sum += term * q / (s - 1) - 0.5 * term;
  double factor = 1;
  for (int k = 0; k < 12; k++) {
    factor *= s + 2 * k;
    term /= q;
    const double part = factor * term / divisors[k];
    sum += part;
    if (fabs(part) < 0x1p-53 * fabs(sum)) break;
    factor *= s + 2 * k + 1;
    term /= q;
  }
  return sum;
}

// The same for whole s > 1 and any q, infinite where a term is: below 0 the terms are those of two such sums.
DEVICE double hurwitz_zeta(double s, double q) {
  if (q > 0) return q == 1 / 0.0 ? 0 : positive_zeta(s, q);
  const double rest = q - floor(q);
  if (!(rest > 0)) return q <= 0 ? 1 / 0.0 : nan("");
  const double below = positive_zeta(s, 1 - rest) - positive_zeta(s, 1 - q);
  return positive_zeta(s, rest) + (fmod(s, 2.0) == 0 ? below : -below);
}

#endif
