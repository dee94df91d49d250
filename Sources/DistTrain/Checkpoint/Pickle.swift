/// What a pickle of Python holds, without anything of it being run: classes and functions stay names, and what they would
/// make stays a call with its arguments.
///
/// Values that hold others are kept in one list, and refer to each other by their place in it, so that a pickle whose values
/// hold themselves or are nested deeply does no harm.
struct Pickle {
  /// A value, or the place of one among ``objects``.
  enum Value {
    case integer(Int)
    case text(String)
    /// A class or function, with its module: `collections.OrderedDict`.
    case name(String)
    case object(Int)
    /// Anything else: None, truth values, numbers with a fraction or of more than 64 bits, bytes.
    case other
  }

  /// A value that holds others.
  enum Object {
    /// A tuple, list or set.
    case sequence([Value])
    case dictionary([(key: Value, value: Value)])
    /// What a class or function would give for a tuple of arguments.
    case call(Value, arguments: Value)
    /// Something that lies outside of the pickle, by its identifier.
    case persistent(Value)
  }

  /// The class of state dictionaries.
  static let orderedDictionary = "collections.OrderedDict"

  /// What was pickled.
  let value: Value
  /// All values that hold others.
  let objects: [Object]

  /// That a file holds more than anybody's tensors need.
  static func tooLarge(_ path: String) -> FileError {
    FileError(path, "holds more values, or in more levels, than are looked at for tensors")
  }

  /// The members of a tuple, list or set; nil for other values.
  func sequence(_ value: Value) -> [Value]? {
    guard case .object(let place) = value, case .sequence(let members) = objects[place] else { return nil }
    return members
  }

  /// The members of a tuple or list, all of which are integers; nil for other values, and for more members.
  func integers(_ value: Value, atMost count: Int) -> [Int]? {
    guard let members = sequence(value), members.count <= count else { return nil }
    let integers = members.compactMap(\.integer)
    return integers.count == members.count ? integers : nil
  }

  /// Whether a value is a dictionary that is not empty.
  func isDictionaryWithMembers(_ value: Value) -> Bool {
    guard case .object(let place) = value, case .dictionary(let members) = objects[place] else { return false }
    return !members.isEmpty
  }
}

extension Pickle.Value {
  var integer: Int? { if case .integer(let number) = self { number } else { nil } }
  var text: String? { if case .text(let text) = self { text } else { nil } }
  var name: String? { if case .name(let name) = self { name } else { nil } }
}
