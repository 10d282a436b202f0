// The commands of one controller in the reservation station, in their order. Each waits until the commands of
// the other controllers that `allocate_waits` named have completed; they leave in order, and complete in
// order.
//
// `allocate` must not come without `room`. `entry`: the place (one hot) that an allocation takes; `live`: places
// of commands that have not completed. The payload of the command to be issued is at the output while it waits;
// issue_valid says that it may go. `complete`: the oldest command is done, and its place free from the next cycle
// on; `completing` names that place (one hot) in the cycle of `complete`.

module reservation_queue #(
  parameter int unsigned DEPTH = 8,
  parameter int unsigned WIDTH = 8,
  parameter int unsigned OTHERS = 8,  // places in the queues of the other controllers
  localparam int unsigned POINTER_BITS = $clog2(DEPTH) > 0 ? $clog2(DEPTH) : 1,
  localparam int unsigned COUNT_BITS = $clog2(DEPTH + 1)
) (
  input  logic                  clock,
  input  logic                  reset,
  input  logic                  allocate,
  input  logic [     WIDTH-1:0] allocate_payload,
  input  logic [    OTHERS-1:0] allocate_waits,
  input  logic [    OTHERS-1:0] others_completing,
  output logic                  room,              // for two more
  output logic [     DEPTH-1:0] entry,
  output logic [     DEPTH-1:0] live,
  output logic [COUNT_BITS-1:0] count,
  output logic                  issue_valid,
  input  logic                  issue_ready,
  output logic [     WIDTH-1:0] issue_payload,
  input  logic                  complete,
  output logic [     DEPTH-1:0] completing
);

  localparam logic [POINTER_BITS-1:0] LAST = POINTER_BITS'(DEPTH - 1);

  logic [WIDTH-1:0] payloads[DEPTH];
  logic [POINTER_BITS-1:0] tail;
  logic [POINTER_BITS-1:0] head;  // the next to be issued
  logic [POINTER_BITS-1:0] oldest;  // not complete
  logic [COUNT_BITS-1:0] waiting;

  wire issue = issue_valid && issue_ready;

  assign issue_payload = payloads[head];
  always_ff @(posedge clock) begin
    if (allocate) begin
      payloads[tail] <= allocate_payload;
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      tail <= '0;
      head <= '0;
      oldest <= '0;
      waiting <= '0;
      count <= '0;
    end else begin
      if (allocate) begin
        tail <= tail == LAST ? '0 : tail + 1'b1;
      end
      if (issue) begin
        head <= head == LAST ? '0 : head + 1'b1;
      end
      if (complete) begin
        oldest <= oldest == LAST ? '0 : oldest + 1'b1;
      end
      waiting <= waiting + COUNT_BITS'(allocate) - COUNT_BITS'(issue);
      count <= count + COUNT_BITS'(allocate) - COUNT_BITS'(complete);
    end
  end

  assign room = count < COUNT_BITS'(DEPTH - 1);

  logic [DEPTH-1:0] blocked;
  generate
    genvar i;
    for (i = 0; i < DEPTH; i = i + 1) begin : gen_places
      logic [OTHERS-1:0] waits;
      assign entry[i] = tail == POINTER_BITS'(i);
      assign completing[i] = complete && oldest == POINTER_BITS'(i);
      assign blocked[i] = head == POINTER_BITS'(i) && |waits;
      always_ff @(posedge clock) begin
        if (reset) begin
          waits <= '0;
          live[i] <= 1'b0;
        end else begin
          if (allocate && entry[i]) begin
            waits <= allocate_waits & ~others_completing;
            live[i] <= 1'b1;
          end else begin
            waits <= waits & ~others_completing;
            if (completing[i]) begin
              live[i] <= 1'b0;
            end
          end
        end
      end
    end
  endgenerate

  assign issue_valid = waiting != '0 && blocked == '0;

  never_check no_command_without_room (
    .clock  (clock),
    .reset  (reset),
    .happens(allocate && count == COUNT_BITS'(DEPTH))
  );

  never_check no_end_before_the_beginning (
    .clock  (clock),
    .reset  (reset),
    .happens(complete && count == waiting)
  );

endmodule
