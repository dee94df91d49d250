import CCUDA

/// Work for a GPU that was recorded as a CUDA graph and is repeated by one call, on whatever its inputs then hold.
package final class RecordedWork {
  private let device: CUDADevice
  private let randomKeys: RandomKeys
  private let constants: RecordedConstants
  private let parameterCopies: ParameterCopies
  private var executable: dt_executable_graph?

  /// Records what `body` asks the GPU for, without running it.
  ///
  /// The memory that `body` uses stays reserved as long as this lives, so its results are found again at the same place
  /// after each ``run()``: for that, tensors that are there before or after `body` are brought into the plain layout. `body`
  /// must not wait for the GPU or give it anything from the processor's memory.
  ///
  /// - Parameter parameters: What `body` may read in other layouts. One launch before each ``run()`` copies all that it
  ///   does, from what they are then.
  /// - Throws: What `body` throws; nothing is recorded then.
  package init(on device: Device, reading parameters: [Tensor] = [], _ body: () throws -> Void) throws {
    guard case .cuda(let index) = device else { preconditionFailure("work recorded on \(device)") }
    let gpu = CUDADevice.required(index)
    self.device = gpu
    randomKeys = RandomKeys(on: device)
    constants = RecordedConstants(on: device)
    gpu.enter()
    ThreadState.current.standIns.makePlain()
    parameterCopies = ParameterCopies(of: parameters, on: gpu)
    CUDADriver.require(dt_cuStreamSynchronize(gpu.stream), "waiting for the GPU")
    let relaxed: Int32 = 2
    CUDADriver.require(dt_cuStreamBeginCapture_v2(gpu.stream, relaxed), "cuStreamBeginCapture")
    var graph: dt_graph?
    let outcome = Result {
      try gpu.memory.reserving(for: self) {
        let thread = ThreadState.current
        (thread.randomKeys, thread.recordedConstants, thread.parameterCopies) = (randomKeys, constants, parameterCopies)
        defer { (thread.randomKeys, thread.recordedConstants, thread.parameterCopies) = (nil, nil, nil) }
        try body()
        ThreadState.current.standIns.makePlain()
      }
    }
    let status = dt_cuStreamEndCapture(gpu.stream, &graph)
    defer { if let graph { CUDADriver.require(dt_cuGraphDestroy(graph), "cuGraphDestroy") } }
    try outcome.get()
    CUDADriver.require(status, "cuStreamEndCapture")
    CUDADriver.require(
      gpu.memory.makingRoom { dt_cuGraphInstantiateWithFlags(&executable, graph, 0) }, "cuGraphInstantiate")
    constants.write()
    parameterCopies.settle()
  }

  deinit {
    device.enter()
    if let executable {
      CUDADriver.require(dt_cuStreamSynchronize(device.stream), "waiting for the GPU")
      CUDADriver.require(dt_cuGraphExecDestroy(executable), "cuGraphExecDestroy")
    }
    device.memory.endReservation(of: self)
  }

  /// Does the work after all that was asked for before. What it draws at random comes from the same generators as in
  /// `body`, or from this thread's default one.
  package func run() {
    randomKeys.draw()
    constants.restore()
    parameterCopies.make()
    device.enter()
    CUDADriver.require(dt_cuGraphLaunch(executable, device.stream), "cuGraphLaunch")
  }

  /// How often this thread read or wrote the processor's memory for tensors on GPUs; work during which the number grows
  /// cannot be recorded.
  package static var transferCount: Int { ThreadState.current.transferCount }
}
