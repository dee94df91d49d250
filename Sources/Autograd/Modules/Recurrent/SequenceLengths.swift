/// How long the sequences of a batch are that end before its last place, and what follows from it for tensors
/// [L, N, values]: what `torch.nn.utils.rnn.pack_padded_sequence` is for.
struct SequenceLengths {
  /// True after a sequence's end, [L, N, 1].
  private let isPadding: Tensor
  /// The row of [L · N, values] that holds each sequence's last place.
  private let lastRows: Tensor
  /// For each row of [L · N, values] that of the place as far from the other end of its sequence; after the end its own.
  private let reversedRows: Tensor

  /// Lengths of N sequences in `placeCount` places, for tensors on `device`.
  init(_ lengths: [Int], placeCount: Int, device: Device) {
    let count = lengths.count
    func row(_ place: Int, _ sequence: Int) -> Int { place * count + sequence }
    let places = (0..<placeCount).flatMap { place in lengths.indices.map { (place, $0) } }
    isPadding = Tensor(places.map { $0 >= lengths[$1] }, shape: [placeCount, count, 1]).to(device)
    lastRows = Tensor(lengths.indices.map { row(lengths[$0] - 1, $0) }, shape: [count]).to(device)
    let reversed = places.map { $0 < lengths[$1] ? row(lengths[$1] - 1 - $0, $1) : row($0, $1) }
    reversedRows = Tensor(reversed, shape: [placeCount * count]).to(device)
  }

  /// 0 after the sequences' ends, whatever was there, and without a gradient.
  func cleared(_ x: Tensor) -> Tensor { x.filled(with: 0, where: isPadding) }

  /// Each sequence from its own end to its start.
  func reversed(_ x: Tensor) -> Tensor { rows(of: x).selected(reversedRows, along: 0).reshaped(x.shape) }

  /// The values at each sequence's last place, [N, values].
  func last(of x: Tensor) -> Tensor { rows(of: x).selected(lastRows, along: 0) }

  private func rows(of x: Tensor) -> Tensor { x.reshaped([x.shape[0] * x.shape[1], x.shape[2]]) }
}
