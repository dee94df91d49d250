import DistTrain
import Testing

struct JSONTests {
  func parse(_ text: String) throws -> JSON { try JSON(parsing: text.utf8) }

  @Test func readsEveryKindOfValue() throws {
    let json = try parse(#" {"a" : [1, -0.5e+3, true,false,null], "é\u00e9\ud83d\ude00\n\/" : "\"\\", "":{} } "#)
    #expect(
      json
        == .object([
          .init("a", .array([.number("1"), .number("-0.5e+3"), .bool(true), .bool(false), .null])),
          .init("éé😀\n/", .string("\"\\")), .init("", .object([])),
        ]))
    #expect(json["a"] != nil && json["b"] == nil)
  }

  @Test func writesWhatItReads() throws {
    let text = #"{"big":9007199254740993,"text":"tab\t quote\" \u0001 é","list":[[],{},null,1.5e-300]}"#
    #expect(try parse(text).text == text)
  }

  @Test func numbersReadBackEqualAndWhatIsNotFiniteIsNull() throws {
    for value: Double in [0.1, 1e300, -2.5e-308, 3, 1 / 3] {
      #expect(try parse(JSON.real(value).text).realValue == value)
    }
    #expect(JSON.real(0.00072349, significantDigits: 4).text == "0.0007235")
    #expect(try parse(JSON.real(1.23456e-7, significantDigits: 4).text).realValue == 1.235e-7)
    #expect(JSON.real(.nan, significantDigits: 4) == .null)
    #expect(JSON.real(.infinity) == .null && JSON.real(.nan).text == "null")
    #expect(JSON.null.realValue?.isNaN == true)
    #expect(JSON.integer(UInt64.max).text == "18446744073709551615")
  }

  @Test(arguments: [
    ("", "expected a value at byte 0"), ("{", "expected '\"' at byte 1"), ("[1,]", "expected a value at byte 3"),
    ("01", "expected the end at byte 1"), ("1.", "expected a value at byte 2"), ("tru", "expected true at byte 0"),
    (#"{"a":1,"a":2}"#, #"the name "a" is used twice at byte 10"#), (#""\x""#, "an unknown escape at byte 3"),
    (#""\ud800""#, "half of a surrogate pair at byte 7"), (#""\u12"#, "expected four hexadecimal digits at byte 3"),
    ("\"\n\"", "a control character in a string at byte 1"), ("[1 2]", "expected ']' at byte 3"),
    (String(repeating: "[", count: 100), "nested more than 64 deep at byte 64"),
    (#""\"#, "an unknown escape at byte 3"),
  ])
  func refusesWhatIsNotJSON(text: String, message: String) {
    #expect(throws: JSONError.self) { try parse(text) }
    do { _ = try parse(text) } catch { #expect("\(error)" == message) }
  }

  @Test func refusesBytesThatAreNotUTF8() {
    #expect(throws: JSONError(offset: 3, reason: "a string that is not UTF-8")) {
      try JSON(parsing: [0x22, 0xFF, 0x22] as [UInt8])
    }
  }
}
