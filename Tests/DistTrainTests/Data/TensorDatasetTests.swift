import Autograd
import DistTrain
import Testing

struct TensorDatasetTests {
  @Test func givesRowsOfTensorsOfAnyType() {
    let data = TensorDataset(
      Tensor((0..<12).map(Float.init), shape: [3, 2, 2]), Tensor([0.5, 1.5, 2.5], dtype: .float64),
      Tensor([7, 8, 9]), Tensor([1, 2, 3], dtype: .uint8), Tensor([true, false, true]))
    #expect(data.count == 3)
    let sample = data[1]
    #expect(sample.map(\.shape) == [[2, 2], [], [], [], []])
    #expect(sample.map(\.dtype) == [.float32, .float64, .int64, .uint8, .bool])
    #expect(sample.map { $0.array(of: Double.self) } == [[4, 5, 6, 7], [1.5], [8], [2], [0]])
    let batch = data.batch([2, 0, 2])
    #expect(batch.count == 3 && batch.tensors.count == 5)
    #expect(batch.inputs.shape == [3, 2, 2] && batch.targets.shape == [3])
    #expect(batch.inputs.array(of: Float.self) == [8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11])
    #expect(batch[1].array(of: Double.self) == [2.5, 0.5, 2.5])
    #expect(batch[4].array(of: Bool.self) == [true, true, true])
    #expect(data.batch([]).tensors.map(\.shape) == [[0, 2, 2], [0], [0], [0], [0]])
  }

  @Test func keepsItsOwnCopy() throws {
    let numbers = Tensor([1.0, 2.0])
    let data = TensorDataset(numbers)
    try numbers.fill(9)
    #expect(data.batch([0, 1])[0].array(of: Float.self) == [1, 2])
  }

  @Test func gathersImagesAsTheirPixelsDividedBy255() {
    let (count, height, width) = (21, 7, 11)
    let bytes = (0..<count * height * width).map { UInt8(truncatingIfNeeded: $0 * 37 / 5) }
    let images = LabeledImages(
      pixels: AlignedBytes(count: bytes.count) { $0.copyBytes(from: bytes) },
      labels: (0..<UInt8(count)).map { $0 }, height: height, width: width, classCount: count)
    let order = [20, 3, 3, 0, 7, 19, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 18]
    let batch = images.batch(order)
    #expect(batch.inputs.shape == [18, 7, 11])
    #expect(batch.targets.array(of: Int.self) == order)
    let size = height * width
    let expected = order.flatMap { image in bytes[image * size..<(image + 1) * size].map { Float($0) / 255 } }
    #expect(batch.inputs.array(of: Float.self) == expected)
    #expect(images.batch([]).inputs.shape == [0, 7, 11])
  }

  @Test func dividesEveryByteBy255ToTheLastBit() {
    let bytes = Array(UInt8.min...UInt8.max)
    var values = [Float](repeating: -1, count: 256)
    bytes.withUnsafeBytes { bytes in
      values.withUnsafeMutableBufferPointer { gatherFractionsOf255([1, 0, 3, 2], of: bytes, length: 64, into: $0) }
    }
    let gathered = [1, 0, 3, 2].flatMap { bytes[64 * $0..<64 * $0 + 64] }
    #expect(values.map(\.bitPattern) == gathered.map { (Float($0) / 255).bitPattern })
  }
}
