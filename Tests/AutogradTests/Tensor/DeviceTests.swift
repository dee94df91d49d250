import Autograd
import Testing

@Suite struct DeviceTests {
  @Test(arguments: [("cpu", Device.cpu), ("cuda", .cuda(0)), ("cuda:0", .cuda(0)), ("cuda:12", .cuda(12))])
  func namesAreThoseOfPyTorch(name: String, device: Device) {
    #expect(Device(name) == device)
    #expect(Device(device.description) == device)
  }

  @Test(arguments: ["", "CPU", "cuda:", "cuda:-1", "cuda:+1", "cuda:1x", "cuda 1", "gpu", "cuda:99999999999999999999"])
  func otherTextsAreNoDevices(name: String) {
    #expect(Device(name) == nil)
  }

  @Test func aTensorStaysWhereItIs() {
    let x = Tensor([1.5, 2], requiresGrad: true)
    #expect(x.device == .cpu)
    #expect(x.to(.cpu) === x)
    #expect(x.cpu() === x)
    #expect(Tensor.zeros([2], device: .cpu).device == .cpu)
  }

  @Test func aModuleMovesToTheDeviceItIsOn() {
    let layer = Linear(2, 3)
    let weight = layer.weight.array(of: Float.self)
    #expect(layer.to(.cpu) === layer)
    #expect(layer.weight.array(of: Float.self) == weight)
  }

  @Test func elementsWrittenInPlaceCountAsAChange() throws {
    let x = Tensor([1.0, 2], requiresGrad: true)
    let y = (x * x).sum()
    x.withMutableElements(of: Float.self) { $0[0] = 3 }
    #expect(x.array(of: Float.self) == [3, 2])
    #expect(throws: AutogradError.self) { try y.backward() }
  }
}
