// Asserts, in simulation, that something never happens: a queue without ready that has no room, or a promise between
// modules that is broken. Nothing is left of it in synthesis.

module never_check (
  input logic clock,
  input logic reset,
  input logic happens
);

`ifdef SYNTHESIS
  wire unused = &{1'b0, clock, reset, happens};
`else
  always_ff @(posedge clock) begin
    assert (reset || !happens);
  end
`endif

endmodule
