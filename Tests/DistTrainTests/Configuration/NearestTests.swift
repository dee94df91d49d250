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
    #expect(nearest(to: "ab", in: ["ax", "ay"]) == "ax")
    #expect(nearest(to: "ab", in: []) == nil)
  }
}
