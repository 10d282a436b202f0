// A queue of DEPTH words in distributed memory, first in, first out.
//
// A word that is pushed (in_valid and in_ready) is at the output in the next cycle. in_ready does not depend
// on out_ready. `count`: words held.

module fifo #(
  parameter int unsigned WIDTH = 1,
  parameter int unsigned DEPTH = 2,
  localparam int unsigned COUNT_BITS = $clog2(DEPTH + 1)
) (
  input  logic                  clock,
  input  logic                  reset,
  input  logic                  in_valid,
  output logic                  in_ready,
  input  logic [WIDTH-1:0]      in_data,
  output logic                  out_valid,
  input  logic                  out_ready,
  output logic [WIDTH-1:0]      out_data,
  output logic [COUNT_BITS-1:0] count
);

  localparam int unsigned POINTER_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam logic [POINTER_BITS-1:0] LAST = POINTER_BITS'(DEPTH - 1);

  logic [WIDTH-1:0] words[DEPTH];
  logic [POINTER_BITS-1:0] head;
  logic [POINTER_BITS-1:0] tail;

  wire push = in_valid && in_ready;
  wire pop = out_valid && out_ready;

  assign in_ready = count != COUNT_BITS'(DEPTH);
  assign out_valid = count != '0;
  assign out_data = words[head];

  always_ff @(posedge clock) begin
    if (push) begin
      words[tail] <= in_data;
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      head <= '0;
      tail <= '0;
      count <= '0;
    end else begin
      if (push) begin
        tail <= tail == LAST ? '0 : tail + 1'b1;
      end
      if (pop) begin
        head <= head == LAST ? '0 : head + 1'b1;
      end
      count <= count + COUNT_BITS'(push) - COUNT_BITS'(pop);
    end
  end

endmodule
