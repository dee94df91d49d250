import DistTrain
import Testing

struct ProgressDisplayTests {
  /// Keeps what is written, and a clock that tests turn.
  final class Screen {
    var text = ""
    var time = 0.0
    var columns = 100

    func output(isTerminal: Bool) -> ProgressDisplay.Output {
      .init(
        isTerminal: isTerminal, columns: { self.columns }, write: { self.text += $0 }, now: { self.time })
    }
  }

  let screen = Screen()

  @Test func plainLinesEveryFewStepsAndAfterTheLast() {
    var display = ProgressDisplay(epochs: 1, totalSteps: 5, lineInterval: 2, output: screen.output(isTerminal: false))
    for step in 1...5 {
      screen.time += 0.5
      display.update(step: step, epoch: 1, loss: 1 / Double(step), samples: 1000)
    }
    display.finish()
    #expect(
      screen.text == """
        epoch 1/1  step 2/5  loss 0.5000  2,000 samples/s  0:02 left
        epoch 1/1  step 4/5  loss 0.2500  2,000 samples/s  0:01 left
        epoch 1/1  step 5/5  loss 0.2000  2,000 samples/s  0:00 left

        """)
  }

  @Test func redrawsOneLineThatFits() {
    for columns in [1, 10, 30, 60, 80, 200] {
      screen.text = ""
      screen.columns = columns
      var display = ProgressDisplay(epochs: 3, totalSteps: 60, lineInterval: 2, output: screen.output(isTerminal: true))
      for step in 1...60 {
        screen.time += 1
        display.update(step: step, epoch: 1, loss: 0.25, samples: 64)
      }
      display.finish()
      let lines = screen.text.split(separator: "\r\u{1B}[K")
      #expect(lines.count == 60)
      #expect(lines.allSatisfy { $0.count <= max(columns - 1, 1) + ($0.hasSuffix("\n") ? 1 : 0) })
      #expect(screen.text.hasSuffix("\n") && screen.text.count { $0 == "\n" } == 1)
      if columns == 80 {
        #expect(lines[29] == "epoch 1/3  [========>       ]  step 30/60  loss 0.2500  64 samples/s  0:30 left")
      }
    }
  }

  @Test func redrawsAtMostTenTimesASecond() {
    var display = ProgressDisplay(epochs: 1, totalSteps: 1001, lineInterval: 1, output: screen.output(isTerminal: true))
    for step in 1...1000 {
      screen.time += 0.001
      display.update(step: step, epoch: 1, loss: 1, samples: 1)
    }
    #expect((9...11).contains(screen.text.count { $0 == "\r" }))
    display.update(step: 1001, epoch: 1, loss: 1, samples: 1)
    #expect(screen.text.contains("step 1001/1001"))
  }

  @Test func messagesStandAboveTheLine() {
    var display = ProgressDisplay(epochs: 1, totalSteps: 9, lineInterval: 1, output: screen.output(isTerminal: true))
    display.message("before")
    screen.time = 1
    display.update(step: 1, epoch: 1, loss: 1, samples: 1)
    let line = screen.text.dropFirst("before\n".count)
    screen.text = ""
    display.message("checkpoint")
    #expect(screen.text == "\r\u{1B}[Kcheckpoint\n" + line)
  }

  @Test func timeBetweenStepsCanBeSkipped() {
    var display = ProgressDisplay(epochs: 1, totalSteps: 2, lineInterval: 1, output: screen.output(isTerminal: false))
    screen.time = 1
    display.update(step: 1, epoch: 1, loss: -.nan, samples: 10)
    screen.time = 1000
    display.skipElapsedTime()
    screen.time = 1001
    display.update(step: 2, epoch: 1, loss: .infinity, samples: 10)
    #expect(screen.text.hasPrefix("epoch 1/1  step 1/2  loss nan  10 samples/s  0:01 left\n"))
    #expect(screen.text.hasSuffix("step 2/2  loss inf  10 samples/s  0:00 left\n"))
  }

  @Test func longTimesHaveHours() {
    var display = ProgressDisplay(epochs: 1, totalSteps: 101, lineInterval: 1, output: screen.output(isTerminal: false))
    screen.time = 60
    display.update(step: 1, epoch: 1, loss: 1, samples: 1)
    #expect(screen.text.hasSuffix("1:40:00 left\n"))
  }

  @Test func whoStartsTheProcessCanSayThatATerminalWatches() {
    let output = ProgressDisplay.Output.standardError(environment: ["DISTTRAIN_COLUMNS": "72"])
    #expect(output.isTerminal && output.columns() == 72)
  }
}
