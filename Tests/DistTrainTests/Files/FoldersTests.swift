import DistTrain
import Testing

struct FoldersTests {
  @Test(arguments: [
    ("a", ".", "a"), ("a/b", "a", "b"), ("a/b/c//", "a/b", "c"), ("a//b", "a", "b"), ("/a", "/", "a"),
    ("//a", "/", "a"),
    ("/a/b", "/a", "b"), ("/", "/", ""), (".", ".", "."), ("../a", "..", "a"), ("", ".", ""),
  ])
  func `folder and name`(_ path: String, _ folder: String, _ name: String) {
    #expect(folderAndName(path) == (folder, name))
  }
}
