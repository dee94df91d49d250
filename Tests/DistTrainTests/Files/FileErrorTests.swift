import DistTrain
import Testing
import TestSupport

struct FileErrorTests {
  @Test func `characters that act on a terminal are shown`() {
    let error = FileError("a\u{1B}[2J", "holds\r\u{9B}1m é 猫\nhere")
    #expect("\(error)" == #"a\u{1B}[2J: holds\r\u{009B}1m é 猫"# + "\nhere")
    #expect("\(FileError("", "is empty"))" == "the empty path: is empty")
  }

  /// A file of weights from elsewhere.
  @Test func `a name in a file cannot clear the screen`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/weights.safetensors"
    try TensorFile.write([], to: path, metadata: [Safetensors.Metadata("model", "\u{1B}[2Jcnn")])
    let message = fileErrorMessage { _ = try ImageModel(of: SafetensorsFile(path: path)) }
    #expect(message.contains(#"is of the model '\u{1B}[2Jcnn', expected one of"#), "\(message)")
  }
}
