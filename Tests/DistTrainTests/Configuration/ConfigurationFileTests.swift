import Collective
import DistTrain
import Testing
import TestSupport

struct ConfigurationFileTests {
  func read(_ yaml: String) throws -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    try ConfigurationFile(yaml: yaml, path: "run.yaml").apply(to: &configuration)
    return configuration
  }

  @Test func setsEveryKeyAndNothingElse() throws {
    var expected = TrainingConfiguration()
    expected.model = .mlp
    expected.data = "/data/mnist"
    expected.globalBatch = 128
    expected.epochs = 7
    expected.steps = 200
    expected.optimizer = .adamw
    expected.learningRate = 1e-3
    expected.schedule = .cosine
    expected.warmup = 40
    expected.clipNorm = 1.5
    expected.momentum = 0
    expected.weightDecay = 0.5
    expected.seed = .max
    expected.precision = .float64
    expected.dropLast = true
    expected.logEvery = 5
    expected.output = "runs/one"
    expected.checkpointEvery = 100
    expected.verifyReplicas = 50
    expected.allowNonfinite = true
    expected.buckets = .sizes(BucketSizes(first: 256 << 10, others: 4 << 20))
    expected.collective = .mpi
    expected.compress = .powerSGD(rank: 4)
    expected.shardOptimizer = true
    expected.accumulate = 3
    expected.reproducible = 8
    expected.device = .cuda
    expected.imageSize = 48
    expected.weights = "resnet18.pth"
    expected.augment = .both
    expected.syncBatchNorm = false
    let yaml = """
      # a comment
      model: mlp
      data: /data/mnist
      global-batch: 128
      epochs: 7
      steps: 200
      optimizer: adamw
      learning-rate: 1e-3
      schedule: cosine
      warmup: 40
      clip-norm: 1.5
      momentum: 0
      weight-decay: 0.5
      seed: 18446744073709551615
      precision: float64
      drop-last: true
      log-every: 5
      output: "runs/one"
      checkpoint-every: 100
      verify-replicas: 50
      allow-nonfinite: true
      buckets: 256KiB,4MiB
      collective: mpi
      compress: powersgd-4
      shard-optimizer: true
      accumulate: 3
      reproducible: 8
      device: cuda
      image-size: 48
      weights: resnet18.pth
      augment: both
      sync-batch-norm: false
      """
    #expect(try read(yaml) == expected)
    #expect(yaml.split(separator: "\n").count == ConfigurationFile.keys.count + 1)
  }

  @Test func settingsThatAreNotMadeStay() throws {
    var configuration = TrainingConfiguration()
    configuration.epochs = 9
    configuration.steps = 4
    try ConfigurationFile(yaml: "global-batch: 32\nsteps: null\n", path: "run.yaml").apply(to: &configuration)
    #expect(configuration.globalBatch == 32 && configuration.epochs == 9 && configuration.steps == nil)
  }

  @Test(arguments: ["", "\n", "# nothing\n", "---\n", "null", "{}"])
  func anEmptyFileSetsNothing(yaml: String) throws {
    #expect(try read(yaml) == TrainingConfiguration())
  }

  @Test(arguments: [
    ("epochs: 3\ngobal-batch: 5", "line 2: unknown key 'gobal-batch'; the nearest known key is 'global-batch'"),
    ("learningrate: 1", "line 1: unknown key 'learningrate'; the nearest known key is 'learning-rate'"),
    ("\n\nepochs: three", "line 3: epochs is 'three', expected a whole number"),
    (
      "compress: powersgd-0",
      "line 1: compress is 'powersgd-0', expected bfloat16, float16, powersgd or powersgd-1 to powersgd-256 or null"
    ),
    (
      "buckets: 1MiB,",
      "line 1: buckets is '1MiB,', expected auto, measured, a size such as 1MiB, or the first and the others' such as "
        + "256KiB,4MiB"
    ),
    ("bucket-bytes: 8", "line 1: unknown key 'bucket-bytes'; the nearest known key is 'buckets'"),
    ("resume: true", "line 1: unknown key 'resume'; keys are the names of train's flags, but for config and resume"),
    ("config: a", "line 1: unknown key 'config'; keys are the names of train's flags, but for config and resume"),
    ("epochs: 3.5", "line 1: epochs is '3.5', expected a whole number"),
    ("epochs: \"3\"", "line 1: epochs is '3', expected a whole number"),
    ("epochs:", "line 1: epochs is empty, expected a whole number"),
    ("epochs: [1, 2]", "line 1: epochs is a list, expected a whole number"),
    ("epochs: {a: 1}", "line 1: epochs is a mapping, expected a whole number"),
    ("epochs: 99999999999999999999", "line 1: epochs is '99999999999999999999', expected a whole number"),
    ("steps: x", "line 1: steps is 'x', expected a whole number or null"),
    ("seed: -1", "line 1: seed is '-1', expected a whole number from 0 to 18446744073709551615"),
    ("learning-rate: fast", "line 1: learning-rate is 'fast', expected a number"),
    ("drop-last: maybe", "line 1: drop-last is 'maybe', expected true or false"),
    ("data: ~", "line 1: data is '~', expected a text"),
    ("model: rnn", "line 1: model is 'rnn', expected mlp or cnn or resnet18 or vit"),
    ("- epochs", "holds a list, expected settings such as 'epochs: 3'"),
    ("epochs", "holds 'epochs', expected settings such as 'epochs: 3'"),
    ("epochs: 1\nepochs: 2", "has more than once: epochs"),
    ("[a]: 1", "line 1: a list cannot be a key, expected one such as 'epochs'"),
  ])
  func namesWhatIsWrong(yaml: String, message: String) {
    #expect(fileErrorMessage { _ = try read(yaml) } == "run.yaml: \(message)")
  }

  @Test(arguments: ["epochs: [", "a: b: c", "\tepochs: 1", "epochs: 1\n---\nepochs: 2", "*x", "\"", "epochs: *none"])
  func whatIsNotYAMLIsAnError(yaml: String) {
    #expect(fileErrorMessage { _ = try read(yaml) }.hasPrefix("run.yaml: is not valid YAML: "))
  }

  @Test func namesAFileThatCannotBeRead() throws {
    let folder = try TemporaryFolder()
    #expect(fileErrorMessage { _ = try ConfigurationFile(path: "\(folder.path)/none") }.contains("cannot open"))
    let path = try folder.write([0xFF, 0xFE, 0x00], to: "run.yaml")
    #expect(fileErrorMessage { _ = try ConfigurationFile(path: path) } == "\(path): is not UTF-8 text")
    try folder.write(Array("epochs: 4".utf8), to: "run.yaml")
    var configuration = TrainingConfiguration()
    try ConfigurationFile(path: path).apply(to: &configuration)
    #expect(configuration.epochs == 4)
  }

  @Test func whatIsWrittenReadsBackEqual() throws {
    var configuration = TrainingConfiguration()
    #expect(try read(configuration.yaml()) == configuration)
    configuration.learningRate = 1e-5
    configuration.weightDecay = 0.1 + 0.2
    configuration.seed = .max
    configuration.model = .mlp
    configuration.steps = 12
    configuration.buckets = .sizes(BucketSizes(first: 1000, others: 3 << 20))
    for text in [
      "", "null", "3", "a: b # c", "tab\t\"quoted\" \\ é 😀\nline", " leading", "~",
      "/long" + String(repeating: "/x y", count: 99),
    ] {
      configuration.data = text
      configuration.output = text
      #expect(try read(configuration.yaml()) == configuration)
    }
    #expect(try configuration.yaml().contains("learning-rate: 1.0e-05\n"))
    #expect(try TrainingConfiguration().yaml().hasPrefix("model: cnn\ndata: \"/usr/share/datasets/fashion-mnist\"\n"))
  }
}
