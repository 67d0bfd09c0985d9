/** The requests and notifications of `server/protocol.ts` with the types of what they carry. */
import type {
  Adapters,
  analyseCheckpoint,
  analyseHeads,
  AnalyseHeadsParams,
  AnalyseParams,
  analyseVectors,
  AnalyseVectorsParams,
  cancelAnalysis,
  CheckpointParams,
  DrawnSpectrum,
  DrawParams,
  drawSpectrum,
  Entries,
  EntriesParams,
  clearCache,
  closeCheckpoint,
  Estimate,
  endScan,
  findCheckpoints,
  FindParams,
  FoundCheckpoints,
  scanCheckpoint,
  ScannedCheckpoint,
  estimateAnalysis,
  EstimateParams,
  exportCheckpoint,
  ExportParams,
  focusMatrices,
  FocusParams,
  headColumn,
  listAdapters,
  MatrixDetail,
  matrixDetail,
  MatrixParams,
  matrixSpectra,
  MatrixSpectrum,
  measureProducts,
  metricColumn,
  MetricColumn,
  MetricColumnParams,
  openCheckpoint,
  OpenParams,
  OpenResult,
  outlineLine,
  OutlineLineParams,
  outlineTensor,
  OutlineTensorParams,
  outlineText,
  PortionList,
  ProductResult,
  ProductsParams,
  portionList,
  pauseAnalysis,
  PythonParams,
  pythonProgram,
  resumeAnalysis,
  TensorAtParams,
  tensorAtPosition,
  SpectraParams,
  tensorEntries,
  vectorEntries,
  VectorParams,
  VectorProfile,
} from "../../server/protocol.ts";

export interface Requests {
  [openCheckpoint]: (params: OpenParams) => OpenResult;
  [analyseCheckpoint]: (params: AnalyseParams) => null;
  [analyseHeads]: (params: AnalyseHeadsParams) => number;
  [analyseVectors]: (params: AnalyseVectorsParams) => number;
  [tensorEntries]: (params: EntriesParams) => Entries;
  [vectorEntries]: (params: VectorParams) => VectorProfile;
  [drawSpectrum]: (params: DrawParams) => DrawnSpectrum | null;
  [measureProducts]: (params: ProductsParams) => readonly ProductResult[];
  [portionList]: (params: CheckpointParams) => PortionList;
  [headColumn]: (params: MetricColumnParams) => MetricColumn;
  [cancelAnalysis]: (params: CheckpointParams) => null;
  [pauseAnalysis]: (params: CheckpointParams) => null;
  [resumeAnalysis]: (params: CheckpointParams) => null;
  [estimateAnalysis]: (params: EstimateParams) => Estimate;
  [matrixDetail]: (params: MatrixParams) => MatrixDetail | null;
  [metricColumn]: (params: MetricColumnParams) => MetricColumn;
  [matrixSpectra]: (params: SpectraParams) => readonly MatrixSpectrum[];
  [exportCheckpoint]: (params: ExportParams) => null;
  [pythonProgram]: (params: PythonParams) => string;
  [outlineText]: (params: CheckpointParams) => string;
  [outlineLine]: (params: OutlineLineParams) => number | null;
  [outlineTensor]: (params: OutlineTensorParams) => string | null;
  [tensorAtPosition]: (params: TensorAtParams) => string | null;
  [listAdapters]: (params: null) => Adapters;
  [clearCache]: (params: null) => number;
  [findCheckpoints]: (params: FindParams) => FoundCheckpoints;
  [scanCheckpoint]: (params: OpenParams) => ScannedCheckpoint;
}

export interface Notifications {
  [closeCheckpoint]: CheckpointParams;
  [endScan]: CheckpointParams;
  [focusMatrices]: FocusParams;
}
