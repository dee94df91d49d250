import Autograd
import Testing

/// Modules are printed with all that is in them.
@Suite struct ModuleDescriptionTests {
  private final class Net: Module {
    let scale = Parameter(Tensor([1.0, 2]))
    let rate = 0.5
    let name = "net"
    let convolution = Conv2d(1, 4, kernel: 3, padding: 1, bias: false)
    let blocks = [Sequential(Linear(4, 8), ReLU()), Sequential()]
    let norm: BatchNorm2d? = BatchNorm2d(4, affine: false)
    var again: Net?
  }

  @Test func everyModuleHasALine() {
    let net = Net()
    net.again = net
    #expect(
      "\(net)" == """
        Net(
          scale: [2], rate: 0.5
          (convolution): Conv2d(weight: [4, 1, 3, 3], stride: (1, 1), padding: (1, 1), dilation: (1, 1), groups: 1)
          (blocks.0): Sequential(
            (0): Linear(weight: [8, 4], bias: [8])
            (1): ReLU()
          )
          (blocks.1): Sequential()
          (norm): \(BatchNorm2d(4, affine: false))
          (again): Net(…)
        )
        """)
    #expect("\(Dropout(0.25))" == "Dropout(probability: 0.25)")
    #expect("\(BatchNorm2d(4))".hasPrefix("BatchNorm2d(weight: [4], bias: [4], running_mean: [4], running_var: [4], "))
  }
}
