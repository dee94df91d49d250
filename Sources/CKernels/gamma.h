#ifndef CKERNELS_GAMMA_H
#define CKERNELS_GAMMA_H

#include <math.h>

// The logarithm of the size of the gamma function; lgamma() would write its sign where other threads do.
static double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

// The slope of that: the recurrence up to 10, and the asymptotic series from there, as in Cephes (S. Moshier) and PyTorch.
static double digamma(double x) {
  if (x == 0) return copysign(INFINITY, -x);
  double sum = 0;
  if (x < 0) {
    if (x == floor(x)) return NAN;
    sum = -M_PI / tan(M_PI * (x - trunc(x)));
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
static double positive_zeta(double s, double q) {
  // (2 k)! / B(2 k), for Bernoulli's numbers B
  static const double divisors[] = {
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
static double hurwitz_zeta(double s, double q) {
  if (q > 0) return isinf(q) ? 0 : positive_zeta(s, q);
  const double rest = q - floor(q);
  if (!(rest > 0)) return q <= 0 ? INFINITY : NAN;
  const double below = positive_zeta(s, 1 - rest) - positive_zeta(s, 1 - q);
  return positive_zeta(s, rest) + (fmod(s, 2) == 0 ? below : -below);
}

#endif
