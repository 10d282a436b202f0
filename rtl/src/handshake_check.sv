// Asserts, in simulation, that what is offered stays as it is until it is taken. Nothing is left of it in synthesis.

module handshake_check #(
  parameter int unsigned WIDTH = 1
) (
  input logic             clock,
  input logic             reset,
  input logic             valid,
  input logic             ready,
  input logic [WIDTH-1:0] data
);

`ifdef SYNTHESIS
  wire unused = &{1'b0, clock, reset, valid, ready, data};
`else
  logic waits;
  logic [WIDTH-1:0] offered;
  always_ff @(posedge clock) begin
    waits <= !reset && valid && !ready;
    offered <= data;
    assert (reset || !waits || (valid && data == offered));
  end
`endif

endmodule
