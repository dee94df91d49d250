import CCUDA

/// A point in the work of a stream.
final class CUDAEvent {
  private let context: dt_context
  private let event: dt_event

  init(context: dt_context) {
    self.context = context
    let withoutTiming: UInt32 = 2
    var event: dt_event?
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuEventCreate(&event, withoutTiming), "cuEventCreate")
    guard let event else { preconditionFailure("an event of the GPU at no address") }
    self.event = event
  }

  deinit {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuEventDestroy_v2(event), "cuEventDestroy")
  }

  /// Makes this the point after all that `stream` was given so far.
  func record(on stream: dt_stream) {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuEventRecord(event, stream), "cuEventRecord")
  }

  /// Makes `stream` go on only after this point.
  func hold(_ stream: dt_stream) {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuStreamWaitEvent(stream, event, 0), "cuStreamWaitEvent")
  }

  /// Whether the stream has passed this point.
  var isPassed: Bool {
    let notReady: Int32 = 600
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    let status = dt_cuEventQuery(event)
    if status != notReady { CUDADriver.require(status, "waiting for the GPU") }
    return status != notReady
  }

  /// Returns once the stream has passed this point.
  func wait() {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuEventSynchronize(event), "waiting for the GPU")
  }
}
