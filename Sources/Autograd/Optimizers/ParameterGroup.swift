/// Parameters that are updated with the same options, and what the update rule keeps for them.
public final class ParameterGroup<Rule: UpdateRule> {
  /// The parameters; those without a gradient are passed over.
  public let parameters: [Tensor]
  /// The numbers of the update rule; they may change between steps.
  public var options: Rule
  /// What is kept for each parameter.
  private(set) var slots: [Slot]

  /// What is kept for one parameter: the number of updates and the rule's arrays.
  struct Slot {
    var step = 0
    var state: [Tensor] = []
  }

  /// A group of the given parameters.
  public init(_ parameters: [Tensor], _ options: Rule) {
    self.parameters = parameters
    self.options = options
    slots = Array(repeating: Slot(), count: parameters.count)
  }

  /// Updates every parameter that has a gradient.
  func step(gradientScale: Double) {
    let stateCount = options.stateNames.count
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = parameter.grad else { continue }
      let isFirst = slots[i].state.count != stateCount
      if isFirst {
        slots[i].state = (0..<stateCount).map { _ in
          .full(parameter.shape, options.initialState, dtype: parameter.dtype, device: parameter.device)
        }
      }
      precondition(
        slots[i].state.allSatisfy { $0.dtype == parameter.dtype },
        "a parameter became \(parameter.dtype) when its optimizer's state was another type; make a new optimizer")
      slots[i].step += 1
      parameter.storage.version &+= 1
      options.apply(
        ParameterUpdate(
          parameter: parameter, gradient: gradient, gradientScale: gradientScale, state: slots[i].state,
          isFirst: isFirst, step: slots[i].step))
    }
  }

  /// Takes back the last updates, of which none changed anything: they do not count.
  func takeBack(_ count: Int) {
    for i in slots.indices where slots[i].step > 0 {
      precondition(slots[i].step >= count, "\(count) of \(slots[i].step) updates taken back")
      slots[i].step -= count
      if slots[i].step == 0 { slots[i] = Slot() }
    }
  }

  /// The kept quantities of parameter `index` with their names; none before its first update.
  func state(of index: Int) -> [(name: String, tensor: Tensor)] {
    let slot = slots[index]
    guard slot.step > 0 else { return [] }
    return [("step", Tensor(slot.step))] + zip(options.stateNames, slot.state).map { ($0, $1) }
  }

  /// What `state(of:)` lists once there is something to list: names and shapes.
  func stateLayout(of index: Int) -> [(name: String, shape: [Int], dtype: DataType)] {
    let parameter = parameters[index]
    return [("step", [], .int64)] + options.stateNames.map { ($0, parameter.shape, parameter.dtype) }
  }

  /// Takes over copies of what `state(of:)` gave, in that order; nothing stands for a parameter never updated.
  func setState(of index: Int, to tensors: [Tensor]) {
    guard let step = tensors.first else {
      slots[index] = Slot()
      return
    }
    let parameter = parameters[index]
    let state = tensors.dropFirst().map { tensor in
      let copy = Tensor(uninitialized: parameter.shape, dtype: parameter.dtype, device: parameter.device)
      copy.assign(tensor)
      return copy
    }
    slots[index] = Slot(step: step.array(of: Int.self)[0], state: state)
  }
}
