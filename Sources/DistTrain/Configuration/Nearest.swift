/// The candidate that takes the fewest edits to become `word`, to propose it in a message; of several, the first.
///
/// - Returns: Nil where each takes as many as half of the word's letters, or more: it is another word then.
public func nearest(to word: String, in candidates: [String]) -> String? {
  let near = candidates.map { (word: $0, distance: editDistance($0, word)) }.filter { 2 * $0.distance < word.count }
  return near.min { $0.distance < $1.distance }?.word
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to turn one word into the
/// other (Damerau–Levenshtein distance, optimal string alignment).
package func editDistance(_ first: String, _ second: String) -> Int {
  let (first, second) = (Array(first), Array(second))
  var beforeLast: [Int] = []
  var last = Array(0...second.count)
  for (i, letter) in first.enumerated() {
    var row = [i + 1]
    for (j, other) in second.enumerated() {
      var distance = min(last[j + 1] + 1, row[j] + 1, last[j] + (letter == other ? 0 : 1))
      if i > 0, j > 0, letter == second[j - 1], first[i - 1] == other {
        distance = min(distance, beforeLast[j - 1] + 1)
      }
      row.append(distance)
    }
    (beforeLast, last) = (last, row)
  }
  return last[second.count]
}
