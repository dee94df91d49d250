/// A list whose first three elements take no memory of their own: the inputs of an operation are seldom more.
struct ShortList<Element>: RandomAccessCollection, ExpressibleByArrayLiteral {
  private var first: Element?
  private var second: Element?
  private var third: Element?
  // Not an empty array: copying one is a call, copying nil is none.
  private var others: [Element]?
  private(set) var count = 0

  init() {}

  init(_ elements: some Sequence<Element>) {
    for element in elements { append(element) }
  }

  init(arrayLiteral elements: Element...) { self.init(elements) }

  /// A list of one element; unlike a literal, it never makes an array.
  @inline(__always)
  init(of first: Element) {
    self.first = first
    count = 1
  }

  /// A list of two elements.
  @inline(__always)
  init(of first: Element, _ second: Element) {
    self.first = first
    self.second = second
    count = 2
  }

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  mutating func append(_ element: Element) {
    switch count {
    case 0: first = element
    case 1: second = element
    case 2: third = element
    default:
      if others == nil { others = [element] } else { others?.append(element) }
    }
    count += 1
  }

  subscript(index: Int) -> Element {
    let found =
      switch index {
      case 0: first
      case 1: second
      case 2: third
      default: others?[index - 3]
      }
    guard let found else { preconditionFailure("element \(index) of \(count)") }
    return found
  }

  @inline(__always)
  func map<Result>(_ transform: (Element) -> Result) -> ShortList<Result> {
    var result = ShortList<Result>()
    if let first { result.first = transform(first) }
    if let second { result.second = transform(second) }
    if let third { result.third = transform(third) }
    if let others { result.others = others.map(transform) }
    result.count = count
    return result
  }

  @inline(__always)
  func contains(where predicate: (Element) -> Bool) -> Bool {
    if let first, predicate(first) { return true }
    if let second, predicate(second) { return true }
    if let third, predicate(third) { return true }
    return others?.contains(where: predicate) ?? false
  }
}
