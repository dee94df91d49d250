import Foundation

/// libjpeg-turbo's TurboJPEG, which is opened when the first JPEG picture is read: nothing else needs it.
///
/// Functions and numbers: <https://github.com/libjpeg-turbo/libjpeg-turbo/blob/2.1.5/turbojpeg.h>.
package struct TurboJPEG: Sendable {
  typealias Decompressor = UnsafeMutableRawPointer

  /// Colors of a file.
  enum ColorSpace: Int32 {
    case rgb, yCbCr, gray, cmyk, ycck
  }

  /// The order of samples in memory.
  enum PixelFormat: Int32 {
    case rgb = 0
    case gray = 6
    case cmyk = 11
  }

  /// No more than 500 scans: a small file with more could keep a processor busy for hours.
  static let limitsScans: Int32 = 32768

  let initDecompress: @convention(c) () -> Decompressor?
  let decompressHeader:
    @convention(c) (
      Decompressor, UnsafePointer<UInt8>?, CUnsignedLong, _ width: UnsafeMutablePointer<Int32>,
      _ height: UnsafeMutablePointer<Int32>, _ subsampling: UnsafeMutablePointer<Int32>,
      _ colorSpace: UnsafeMutablePointer<Int32>
    ) -> Int32
  let decompress:
    @convention(c) (
      Decompressor, UnsafePointer<UInt8>?, CUnsignedLong, _ samples: UnsafeMutablePointer<UInt8>?, _ width: Int32,
      _ pitch: Int32, _ height: Int32, _ format: Int32, _ flags: Int32
    ) -> Int32
  let errorText: @convention(c) (Decompressor?) -> UnsafePointer<CChar>
  let destroy: @convention(c) (Decompressor) -> Int32

  /// The library where the loader finds it, or why it does not.
  package static let shared = Result { () throws(Missing) in
    try TurboJPEG(["libturbojpeg.so.0", "libturbojpeg.0.dylib", "/opt/homebrew/lib/libturbojpeg.dylib"])
  }

  /// Why the library cannot be used.
  package struct Missing: Error {
    let text: String
  }

  /// Opens the first of these files that is there.
  package init(_ fileNames: [String]) throws(Missing) {
    var texts: [String] = []
    for name in fileNames {
      if let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) {
        initDecompress = try Self.function("tjInitDecompress", of: library)
        decompressHeader = try Self.function("tjDecompressHeader3", of: library)
        decompress = try Self.function("tjDecompress2", of: library)
        errorText = try Self.function("tjGetErrorStr2", of: library)
        destroy = try Self.function("tjDestroy", of: library)
        return
      }
      texts.append(Self.loaderText)
    }
    throw Missing(text: texts[0])
  }

  private static func function<Function>(
    _ name: String, of library: UnsafeMutableRawPointer
  ) throws(Missing) -> Function {
    guard let address = dlsym(library, name) else { throw Missing(text: loaderText) }
    return unsafeBitCast(address, to: Function.self)
  }

  private static var loaderText: String { dlerror().map { String(cString: $0) } ?? "no reason given" }
}
