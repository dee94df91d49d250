/// Sums over the images of a batch that threads share.
///
/// Pieces of the batch are summed by themselves, and then added in order. What the pieces are depends on the sizes only:
/// any number of threads gives the same bits.
struct BatchSums {
  private let sums: Tensor

  /// Zeros, `count` of them for each of so many pieces.
  init(pieces: Int, count: Int, _ dtype: DataType) { sums = .zeros([pieces, count], dtype: dtype) }

  /// The images of each piece of a batch, for sums over so many places of each image that take so many bytes.
  static func pieces(of images: Int, places: Int, byteCount: Int) -> [Range<Int>] {
    let fitting = min(images, mostPieces, mostBytes / max(byteCount, 1))
    let count = max(min((images * places + placesPerPiece - 1) / placesPerPiece, fitting), 1)
    return (0..<count).map { $0 * images / count..<($0 + 1) * images / count }
  }

  /// Places after which to start sums anew, and to add them in the end, takes little beside summing.
  private static let placesPerPiece = 800
  private static let mostPieces = 32
  private static let mostBytes = 64_000_000

  /// The sums of one piece.
  subscript(piece: Int) -> Tensor { sums.part(at: piece * sums.shape[1], shape: [sums.shape[1]]) }

  /// The sums of all pieces, in the memory of the first.
  func total() -> Tensor {
    let total = self[0]
    for piece in 1..<sums.shape[0] { total.backend.binary(.add, total, self[piece], into: total) }
    return total
  }
}
