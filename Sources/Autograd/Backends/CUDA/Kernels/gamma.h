#ifndef DISTTRAIN_GAMMA_H
#define DISTTRAIN_GAMMA_H

#include "kernel.h"

// The slope of the logarithm of the gamma function; see CKernels/gamma.h for these functions.
DEVICE double digammaOf(double x) {
  if (x == 0) return -1 / x;
  double sum = 0;
  if (x < 0) {
    if (x == floor(x)) return (x - x) / 0.0;
    sum = -3.14159265358979323846 / tan(3.14159265358979323846 * (x - ceil(x)));
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

DEVICE double positiveZeta(double s, double q) {
  const double divisors[] = {
    12, -720, 30240, -1209600, 47900160, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
    1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
  };
  double term = pow(q, -s), sum = term;
  int count = 0;
  do {
    term = pow(++q, -s);
    sum += term;
    if (term < 1.1102230246251565e-16 * sum) return sum;
  } while (++count < 9 || q <= 9);
  sum += term * q / (s - 1) - 0.5 * term;
  double factor = 1;
  for (int k = 0; k < 12; k++) {
    factor *= s + 2 * k;
    term /= q;
    const double part = factor * term / divisors[k];
    sum += part;
    if (fabs(part) < 1.1102230246251565e-16 * fabs(sum)) break;
    factor *= s + 2 * k + 1;
    term /= q;
  }
  return sum;
}

DEVICE double hurwitzZetaOf(double s, double q) {
  if (q > 0) return q * 0 != 0 ? 0 : positiveZeta(s, q);
  const double rest = q - floor(q);
  if (!(rest > 0)) return q <= 0 ? 1 / 0.0 : (q - q) / 0.0;
  const double below = positiveZeta(s, 1 - rest) - positiveZeta(s, 1 - q);
  return positiveZeta(s, rest) + (fmod(s, 2.0) == 0 ? below : -below);
}

#endif
