// Loads the mesh's weights, a row (or a transposed tile's column) a cycle, into the set that is not in use, as soon
// as the mesh no longer needs what that set held.
//
// `full`: the set that is not in use holds the next weights. `flip` (not without `full`): from the row that enters
// the mesh in this cycle on, that set is in use. In the same cycle the first row of the weights after it may be
// loaded into the other.

module weight_loader #(
  parameter int unsigned SIDE = 4
) (
  input  logic                    clock,
  input  logic                    reset,
  input  logic                    row_valid,
  output logic                    row_ready,
  input  logic                    flip,
  output logic                    full,
  output logic                    bank,       // in use in this cycle
  output logic                    load,
  output logic                    load_bank,
  output logic [$clog2(SIDE)-1:0] load_index
);

  logic in_use;  // before this cycle's flip
  wire last = load && (&load_index);

  assign bank = in_use ^ flip;
  assign row_ready = !full || flip;
  assign load = row_valid && row_ready;
  assign load_bank = !bank;

  always_ff @(posedge clock) begin
    if (reset) begin
      in_use <= 1'b0;
      full <= 1'b0;
      load_index <= '0;
    end else begin
      in_use <= bank;
      full <= last || (full && !flip);
      if (load) begin
        load_index <= load_index + 1'b1;
      end
    end
  end

  never_check no_flip_without_weights (
    .clock  (clock),
    .reset  (reset),
    .happens(flip && !full)
  );

endmodule
