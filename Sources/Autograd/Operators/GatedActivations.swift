extension Tensor {
  /// x · min(max(x + 3, 0), 6) / 6, a ``silu()`` of straight lines, as `torch.nn.functional.hardswish` (A. Howard et al.,
  /// arXiv:1905.02244).
  public func hardswish() -> Tensor { self * (self + 3).clamped(min: 0, max: 6) / 6 }

  /// x · tanh(softplus(x)), as `torch.nn.functional.mish` (D. Misra, arXiv:1908.08681).
  public func mish() -> Tensor { self * softplus().tanh() }
}
