extension CUDABackend: AttentionBackend {
  var attentionBackend: (any AttentionBackend)? { self }

  /// cuBLAS takes addresses of matrices that are multiples of 16 bytes.
  func computes(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>) -> Bool {
    [inputs.queries, inputs.keys, inputs.values].allSatisfy(\.areAligned)
      && (attention.mask?.heads.sizes.count ?? 0) <= Walk.maximumRank
  }

  func attention(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>, into result: HeadRows) {
    AttentionBlocks(self, attention, inputs).compute(into: result)
  }

  func attentionGradient(
    _ gradient: HeadRows, _ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>,
    into results: AttentionInputs<HeadRows>
  ) {
    let aligned =
      gradient.areAligned ? gradient : HeadRows(tensor: gradient.tensor.ownedCopy(), layout: gradient.layout)
    AttentionBlocks(self, attention, inputs).computeGradient(aligned, into: results)
  }
}

extension HeadRows {
  /// Whether all rows of every head begin at a multiple of 16 bytes.
  fileprivate var areAligned: Bool {
    let size = tensor.dtype.byteCount
    return UInt(bitPattern: tensor.address) % 16 == 0
      && [layout.offset, layout.batchStride, layout.headStride, layout.rowStride].allSatisfy { $0 * size % 16 == 0 }
  }
}
