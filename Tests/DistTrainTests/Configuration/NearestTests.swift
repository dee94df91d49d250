import DistTrain
import Testing

struct NearestTests {
  @Test func countsEdits() {
    #expect(editDistance("", "") == 0)
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(editDistance("seed", "sede") == 1)
    #expect(editDistance("flaw", "lawn") == 2)
  }

  @Test func findsTheNearest() {
    #expect(nearest(to: "epoch", in: ["seed", "epochs", "steps"]) == "epochs")
    #expect(nearest(to: "abc", in: ["abx", "aby"]) == "abx")
    #expect(nearest(to: "abc", in: []) == nil)
  }

  @Test func proposesNoOtherWord() {
    #expect(nearest(to: "resume", in: ["seed", "device", "reproducible"]) == nil)
    #expect(nearest(to: "rate", in: ["data"]) == nil)
    #expect(nearest(to: "", in: ["data"]) == nil)
  }
}
